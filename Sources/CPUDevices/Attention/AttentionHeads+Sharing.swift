import CKernels
import Tensors

/// Who computes which head.
///
/// Threads take whole heads of k and v, as many each. Where query heads share those, the query heads of what is left over
/// are shared out too. The gradient of a head of k or v is the sum of its query heads' complete parts, in their order, so
/// that it does not depend on the number of threads.
extension AttentionHeads {
    func run(on products: Products) {
        let count = shape.batch * shape.keyHeads
        let whole = shape.group == 1 ? count : count / parts * parts
        if whole > 0 {
            products.share { part, prepared in
                for index in stride(from: part, to: whole, by: parts) { computeWhole(index, part, &prepared) }
            }
        }
        guard whole < count else { return }
        let rest = Rest(heads: whole..<count, group: shape.group)
        switch pass {
        case .forward:
            products.share { part, prepared in
                for member in stride(from: part, to: rest.count, by: parts) {
                    compute(rest[member], part, into: nil, &prepared)
                }
            }
        case .backward(_, _, _, let dqkv):
            for start in stride(from: 0, to: rest.count, by: parts) {
                let round = start..<min(start + parts, rest.count)
                products.share { part, prepared in
                    guard part < round.count else { return }
                    compute(rest[start + part], part, into: self.part(part).partial, &prepared)
                }
                products.share { part, _ in add(round, of: rest, rows: rows(of: part), dqkv) }
            }
        }
    }

    /// Query heads of the heads of k and v that are left over, one after the other.
    private struct Rest {
        let heads: Range<Int>
        let group: Int

        var count: Int { heads.count * group }
        subscript(index: Int) -> (head: Int, member: Int) { (heads.lowerBound + index / group, index % group) }
    }

    private func computeWhole(_ index: Int, _ part: Int, _ prepared: inout PreparedProducts) {
        let scratch = self.part(part)
        let head = keyHead(index, scratch, &prepared)
        guard case .backward(_, _, _, let dqkv) = pass else {
            for member in 0..<shape.group { compute(member, of: head, into: nil, scratch, &prepared) }
            return
        }
        let sums = dtype == .f32 ? place(index, dqkv) : scratch.sums
        compute(0, of: head, into: sums, scratch, &prepared)
        for member in 1..<max(shape.group, 1) {
            compute(member, of: head, into: scratch.partial, scratch, &prepared)
            add(scratch.partial, to: sums, rows: 0..<keys.count)
        }
        if dtype != .f32 { round(sums, index, rows: 0..<keys.count, dqkv) }
    }

    private func compute(
        _ which: (head: Int, member: Int), _ part: Int, into sums: AttentionBlocks.Sums?,
        _ prepared: inout PreparedProducts
    ) {
        let scratch = self.part(part)
        let head = keyHead(which.head, scratch, &prepared)
        compute(which.member, of: head, into: sums, scratch, &prepared)
    }

    /// The rows of k that a part adds up.
    private func rows(of part: Int) -> Range<Int> {
        keys.count * part / parts..<keys.count * (part + 1) / parts
    }

    /// Adds what each part of a round computed, in the order of the query heads.
    private func add(_ round: Range<Int>, of rest: Rest, rows: Range<Int>, _ dqkv: UnsafeMutableRawPointer) {
        for index in round {
            let (head, member) = rest[index]
            let partial = part(index - round.lowerBound).partial
            let sums = dtype == .f32 ? place(head, dqkv) : part(head - rest.heads.lowerBound).totals
            if member == 0 { copy(partial, to: sums, rows: rows) } else { add(partial, to: sums, rows: rows) }
            if member == shape.group - 1, dtype != .f32 { self.round(sums, head, rows: rows, dqkv) }
        }
    }

    /// Where the gradients of head `index` of k and v belong, in f32.
    private func place(_ index: Int, _ dqkv: UnsafeMutableRawPointer) -> AttentionBlocks.Sums {
        let dk = (dqkv + offset(index)).assumingMemoryBound(to: Float.self)
        return AttentionBlocks.Sums(dk: dk, dv: dk + shape.keyWidth, stride: shape.qkvWidth)
    }

    /// Bytes from the start of qkv to the head's first row of k.
    private func offset(_ index: Int) -> Int {
        let (sample, head) = index.quotientAndRemainder(dividingBy: shape.keyHeads)
        return (sample * shape.sequence * shape.qkvWidth + shape.width + head * shape.headWidth) * dtype.size
    }

    private func add(_ partial: AttentionBlocks.Sums, to sums: AttentionBlocks.Sums, rows: Range<Int>) {
        let (from, to) = (rows.lowerBound * partial.stride, rows.lowerBound * sums.stride)
        ck_add_rows(partial.dk + from, partial.stride, sums.dk + to, sums.stride, rows.count, shape.headWidth)
        ck_add_rows(partial.dv + from, partial.stride, sums.dv + to, sums.stride, rows.count, shape.headWidth)
    }

    private func copy(_ partial: AttentionBlocks.Sums, to sums: AttentionBlocks.Sums, rows: Range<Int>) {
        func copy(_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
            ck_convert_rows(
                CK_F32, x + rows.lowerBound * partial.stride, partial.stride, CK_F32,
                y + rows.lowerBound * sums.stride, sums.stride, rows.count, shape.headWidth)
        }
        copy(partial.dk, sums.dk)
        copy(partial.dv, sums.dv)
    }

    private func round(
        _ sums: AttentionBlocks.Sums, _ index: Int, rows: Range<Int>, _ dqkv: UnsafeMutableRawPointer
    ) {
        let (first, start) = (rows.lowerBound * shape.headWidth, rows.lowerBound * shape.qkvWidth * dtype.size)
        let dk = dqkv + offset(index) + start
        narrow(sums.dk + first, to: dk, shape.qkvWidth, rows: rows.count)
        narrow(sums.dv + first, to: dk + shape.keyWidth * dtype.size, shape.qkvWidth, rows: rows.count)
    }
}
