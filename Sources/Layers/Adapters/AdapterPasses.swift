import Tensors

/// The passes of a layer's adapters beside one of its products. Their tensors are the last of each kind in the frame: A
/// and B of each among the parameters, h among the saved ones, dh among the deferred ones.
///
/// h = scale · dropout(x) · Aᵀ and dh = scale · dy · B: [rows, rank] each, so that no gradient needs the scale again.
struct AdapterPasses {
    let adapters: [Adapter]
    let frame: LayerFrame
    let backend: any Backend
    /// What the layer's own pass has left of its scratch.
    let scratch: Scratch

    init(_ adapters: [Adapter], _ frame: LayerFrame, _ scratch: Scratch, on backend: any Backend) {
        self.adapters = adapters
        self.frame = frame
        self.backend = backend
        self.scratch = scratch
    }

    /// Where nothing else uses the frame's scratch.
    init(_ adapters: [Adapter], _ frame: LayerFrame, on backend: any Backend) {
        self.init(adapters, frame, Scratch(frame.scratch), on: backend)
    }

    /// Whether one of them stands beside the product.
    func has(_ product: Int) -> Bool { adapters.contains { $0.product == product } }

    /// y += h · Bᵀ, in the adapters' columns. Where the product's inputs are split, a shard adds what its part of h gives,
    /// and keeps all of h.
    func forward(_ product: Int, _ x: Tensor, into y: Tensor) {
        for (index, adapter) in adapters.enumerated() where adapter.product == product {
            var scratch = scratch
            let (h, b) = (saved(index), frame.parameters[parameter(index) + 1])
            let rows = h.count / adapter.rank
            let inner = MatMul(m: rows, n: adapter.rank, k: x.count / rows, transposeB: true)
            let input = masked(x, index, &scratch)
            backend.matmul(input, frame.parameters[parameter(index)], into: h, inner, epilogue: .none)
            backend.scale(h, by: Float(adapter.scale), into: h)
            let outer = MatMul(m: rows, n: adapter.rows.count, k: adapter.rank, transposeB: true, accumulate: true)
            if y.count == rows * adapter.rows.count {
                backend.matmul(h, b, into: y, outer, epilogue: .none)
            } else {
                let part = scratch.take(frame.pieces[index])
                backend.extractColumns(y, from: adapter.rows.lowerBound, into: part)
                backend.matmul(h, b, into: part, outer, epilogue: .none)
                backend.insertColumns(part, into: y, at: adapter.rows.lowerBound)
            }
            if adapter.part?.side == .inputs { frame.sum(h) }
        }
    }

    /// dh = scale · dy · B; dx += dropout(dh · A). Where the product's outputs are split, a shard adds what its part of dh
    /// gives, and keeps all of dh.
    func backwardInput(_ product: Int, _ dy: Tensor, into dx: Tensor?) {
        for (index, adapter) in adapters.enumerated() where adapter.product == product {
            var scratch = scratch
            let dh = deferred(index)
            defer { if adapter.part?.side == .outputs { frame.sum(dh) } }
            let rows = dh.count / adapter.rank
            let part = columns(dy, index, rows, &scratch)
            backend.matmul(
                part, frame.parameters[parameter(index) + 1], into: dh,
                MatMul(m: rows, n: adapter.rank, k: adapter.rows.count), epilogue: .none)
            backend.scale(dh, by: Float(adapter.scale), into: dh)
            guard let dx else { continue }
            let a = frame.parameters[parameter(index)]
            var outer = MatMul(m: rows, n: dx.count / rows, k: adapter.rank, accumulate: true)
            let stream = stream(index)
            guard stream.isActive(frame) else {
                backend.matmul(dh, a, into: dx, outer, epilogue: .none)
                continue
            }
            outer.accumulate = false
            let (whole, dropped) = (scratch.take(dx.spec), scratch.take(dx.spec))
            backend.matmul(dh, a, into: whole, outer, epilogue: .none)
            stream.apply(whole, into: dropped, frame, columns: inputs(index), on: backend)
            backend.add(dx, dropped, into: dx)
        }
    }

    /// dB += dyᵀ · h; dA += dhᵀ · dropout(x)
    func backwardWeight(_ product: Int, _ dy: Tensor, x: Tensor) {
        for (index, adapter) in adapters.enumerated() where adapter.product == product {
            var scratch = scratch
            let (h, dh) = (saved(index), deferred(index))
            let rows = h.count / adapter.rank
            let (da, db) = (frame.gradients[parameter(index)], frame.gradients[parameter(index) + 1])
            if db.count > 0 {
                var scratch = scratch
                let part = columns(dy, index, rows, &scratch)
                backend.matmul(
                    part, h, into: db,
                    MatMul(m: adapter.rows.count, n: adapter.rank, k: rows, transposeA: true, accumulate: true),
                    epilogue: .none)
            }
            if da.count > 0 {
                let input = masked(x, index, &scratch)
                backend.matmul(
                    dh, input, into: da,
                    MatMul(m: adapter.rank, n: x.count / rows, k: rows, transposeA: true, accumulate: true),
                    epilogue: .none)
            }
        }
    }

    /// The place of an adapter's A among the parameters; B follows.
    private func parameter(_ index: Int) -> Int { frame.parameters.count - 2 * (adapters.count - index) }
    private func saved(_ index: Int) -> Tensor { frame.saved[frame.saved.count - adapters.count + index] }
    private func deferred(_ index: Int) -> Tensor { frame.deferred[frame.deferred.count - adapters.count + index] }

    /// Behind the two streams that layers use themselves.
    private func stream(_ index: Int) -> DropoutStream {
        let adapter = adapters[index]
        return DropoutStream(probability: adapter.dropout, index: UInt32(2 + (adapter.stream ?? index)))
    }

    private func masked(_ x: Tensor, _ index: Int, _ scratch: inout Scratch) -> Tensor {
        let stream = stream(index)
        guard stream.isActive(frame) else { return x }
        let dropped = scratch.take(x.spec)
        stream.apply(x, into: dropped, frame, columns: inputs(index), on: backend)
        return dropped
    }

    /// Which of the product's inputs a shard has; nil: all.
    private func inputs(_ index: Int) -> ProductPart? {
        let part = adapters[index].part
        return part?.side == .inputs ? part : nil
    }

    /// An adapter's columns of dy: dy itself where they are all.
    private func columns(_ dy: Tensor, _ index: Int, _ rows: Int, _ scratch: inout Scratch) -> Tensor {
        let adapter = adapters[index]
        guard dy.count != rows * adapter.rows.count else { return dy }
        let part = scratch.take(frame.pieces[index])
        backend.extractColumns(dy, from: adapter.rows.lowerBound, into: part)
        return part
    }
}
