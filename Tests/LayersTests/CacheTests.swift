import Layers
import Tensors
import Testing

/// Generation in several frames, each of which goes on from the one before, against one pass over the whole.
struct CacheTests {
    /// The layers that see more of a sequence than one position, and how much of x each takes.
    static let attentions: [(String, Attention)] = [
        ("plain", Attention(width: 24, heads: 3)),
        ("shared keys", Attention(width: 24, heads: 6, keyHeads: 2, headWidth: 10, bias: .qkv, rotary: Rotary())),
        ("window", Attention(width: 16, heads: 2, bias: false, rotary: Rotary(pairs: .neighbours), window: 7)),
        (
            "head norm",
            Attention(width: 16, heads: 4, keyHeads: 1, rotary: Rotary(width: 2), headNorm: HeadNorm(), scale: 0.4)
        ),
    ]
    /// Frames of one position, of more than a block of queries, and of less.
    private static let lengths = [5, 1, 1, 70, 1, 12, 1]
    private static let total = lengths.reduce(0, +)

    private static func spec(_ batch: Int, _ length: Int, _ width: Int) -> TensorSpec {
        TensorSpec([batch, length, width])
    }

    @Test(arguments: attentions, Device.allCases)
    func `attention over a cache is attention over the whole`(_ example: (String, Attention), _ device: Device) throws {
        var numbers = Numbers(3)
        let (backend, layer, batch) = (device.make(), example.1, 2)
        let bench = try LayerBench(layer, [Self.spec(batch, Self.total, layer.width)], on: backend)
        bench.randomise(&numbers)
        let x = numbers.list(batch * Self.total * layer.width)
        let whole = bench.forward(bench.makeFrame(), [x])[0]
        let parts = try CachedFrames(layer, bench.parameters, batch: batch, capacity: 100, on: backend)
            .forward([x], lengths: Self.lengths)
        #expect(relativeError(parts, whole) <= (device == .double ? 1e-12 : 1e-6), "\(example.0)")
    }

    /// Libraries may add in another order where there are more rows.
    @Test(arguments: Device.allCases) func `what a sample becomes does not depend on its neighbours`(
        _ device: Device
    ) throws {
        var numbers = Numbers(4)
        let (backend, layer) = (device.make(), Self.attentions[1].1)
        let bench = try LayerBench(layer, [Self.spec(1, Self.total, layer.width)], on: backend)
        bench.randomise(&numbers)
        let (x, neighbour) = (numbers.list(Self.total * layer.width), numbers.list(Self.total * layer.width))
        func run(_ x: [Double], _ batch: Int) throws -> [Double] {
            try CachedFrames(layer, bench.parameters, batch: batch, capacity: 92, on: backend)
                .forward([x], lengths: Self.lengths)
        }
        let (alone, together) = (try run(x, 1), try run(neighbour + x, 2))
        let (same, other) = (Array(together[alone.count...]), Array(together[..<alone.count]))
        #expect(device == .double ? same == alone : relativeError(same, alone) < 1e-6)
        #expect(relativeError(other, alone) > 0.1)
    }

    @Test(arguments: Device.allCases) func `a prefix and its positions are remembered`(_ device: Device) throws {
        var numbers = Numbers(5)
        let backend = device.make()
        let (positions, layer) = (
            PrefixPositions(start: 8, marks: [9, 10]), Attention(width: 16, heads: 2, rotary: Rotary(planes: 2))
        )
        // The third row is plain, though the ids stand in its later tokens.
        let ids = [
            [1, 2, 9, 3, 8, 4, 5, 6, 7, 8], [10, 1, 8, 2, 3, 9, 4, 5, 9, 8], [1, 2, 3, 4, 5, 6, 6, 7, 7, 7],
        ].flatMap { $0.map(Double.init) }
        let (batch, length, lengths) = (3, 10, [6, 1, 3])
        let places = try LayerBench(positions, [TensorSpec([batch, length], .i32)], on: backend)
        let whole = places.forward(places.makeFrame(), [ids])[0]
        let bench = try LayerBench(
            layer, [Self.spec(batch, length, 16), TensorSpec([batch, 1 + 2 * length], .i32)], on: backend)
        bench.randomise(&numbers)
        let x = numbers.list(batch * length * 16)
        let expected = bench.forward(bench.makeFrame(), [x, whole])[0]

        let counting = try CachedFrames(positions, [], batch: batch, capacity: length, on: backend)
        let attending = try CachedFrames(layer, bench.parameters, batch: batch, capacity: length, on: backend)
        var parts: [[Double]] = []
        for length in lengths {
            let row = try counting.next([ids], length: length)
            let start = attending.start
            #expect(row == Self.rows(of: whole, batch: batch, start..<start + length))
            parts.append(try attending.next([x], length: length, positions: row))
        }
        let got = CachedFrames.joined(parts, batch: batch)
        #expect(relativeError(got, expected) <= device.tolerance)
    }

    /// The same tokens' part of positions for a whole sequence.
    private static func rows(of whole: [Double], batch: Int, _ tokens: Range<Int>) -> [Double] {
        let (width, length) = (whole.count / batch, whole.count / batch / 2)
        var rows: [Double] = []
        for b in 0..<batch {
            let first = b * width + 1 + tokens.lowerBound
            rows.append(whole[b * width])
            rows += whole[first..<first + tokens.count]
            rows += whole[first + length..<first + length + tokens.count]
        }
        return rows
    }

    @Test(arguments: Device.allCases) func `learnt positions go on where the frame before ended`(_ device: Device)
        throws
    {
        var numbers = Numbers(6)
        let (backend, layer) = (device.make(), Embedding(vocab: 11, width: 8, positions: 12))
        let bench = try LayerBench(layer, [TensorSpec([2, 12], .i32)], on: backend)
        bench.randomise(&numbers)
        let ids = numbers.list(for: TensorSpec([2, 12], .i32), vocab: 11)
        let whole = bench.forward(bench.makeFrame(), [ids])[0]
        let parts = try CachedFrames(layer, bench.parameters, batch: 2, capacity: 12, on: backend)
            .forward([ids], lengths: [4, 1, 7])
        #expect(parts == whole)
    }

    @Test func `what cannot go on so far is refused`() {
        let x: Signature = [Self.spec(2, 7, 8)]
        func refusal(_ layer: any Layer, _ input: Signature, _ capacity: Int) -> LayerError? {
            do throws(LayerError) {
                _ = try layer.plan(for: input, capacity: capacity)
                return nil
            } catch { return error }
        }
        let attention = Attention(width: 8, heads: 2)
        #expect(refusal(attention, x, 6) == LayerError(expected: "a cache of at least 7 positions", got: "6"))
        #expect(refusal(attention, x, .max) != nil)
        #expect(refusal(Attention(width: 8, heads: 2, causal: false), x, 9) != nil)
        #expect(
            refusal(Embedding(vocab: 9, width: 8, positions: 10), [TensorSpec([2, 7], .i32)], 11)
                == LayerError(expected: "a sequence of at most 10 positions", got: "11"))
        #expect(refusal(LayerNorm(width: 8), x, 1 << 40) == nil)
    }
}

/// One layer's frames of the same samples, one behind the other.
final class CachedFrames {
    private let layer: any Layer
    private let parameters: [Tensor]
    private let batch: Int
    private let capacity: Int
    private let backend: any TestBackend
    private var cache: [Tensor] = []
    private(set) var start = 0

    init(_ layer: any Layer, _ parameters: [Tensor], batch: Int, capacity: Int, on backend: any TestBackend) throws {
        (self.layer, self.parameters, self.batch) = (layer, parameters, batch)
        (self.capacity, self.backend) = (capacity, backend)
    }

    /// Whole sequences in, whole sequences out.
    func forward(_ values: [[Double]], lengths: [Int]) throws -> [Double] {
        let total = lengths.reduce(0, +)
        let parts = try lengths.map { try next(values, length: $0, of: total) }
        return Self.joined(parts, batch: batch)
    }

    /// The next `length` positions of whole sequences.
    func next(_ values: [[Double]], length: Int, of total: Int? = nil, positions: [Double]? = nil) throws -> [Double] {
        var inputs = Signature()
        var rows: [[Double]] = []
        for value in values {
            let total = total ?? value.count / batch / Self.width(layer)
            let width = value.count / batch / total
            inputs.append(
                layer.parameters.isEmpty || layer is Embedding
                    ? TensorSpec([batch, length], .i32) : TensorSpec([batch, length, width]))
            rows.append(CachedFrames.slice(value, batch: batch, of: total, start..<start + length))
        }
        if let positions {
            inputs.append(TensorSpec([batch, 1 + 2 * length], .i32))
            rows.append(positions)
        }
        let plan = try layer.plan(for: inputs, capacity: capacity)
        if cache.isEmpty { cache = plan.cache.map { backend.make($0) } }
        var frame = LayerFrame()
        frame.inputs = zip(inputs, rows).map { backend.make($0.0, $0.1) }
        frame.outputs = plan.outputs.map { backend.make($0) }
        frame.saved = plan.saved.map { backend.make($0) }
        frame.parameters = parameters
        frame.scratch = backend.make(TensorSpec([max(plan.scratchBytes(on: backend) / 4, 1)]))
        frame.isTraining = false
        (frame.cache, frame.start) = (cache, start)
        layer.forward(frame, on: backend)
        start += length
        return backend.read(frame.outputs[0])
    }

    private static func width(_ layer: any Layer) -> Int { (layer as? Attention)?.width ?? 1 }

    /// Some positions of each sample, of as many as `total`.
    private static func slice(_ value: [Double], batch: Int, of total: Int, _ positions: Range<Int>) -> [Double] {
        let width = value.count / batch / total
        var rows: [Double] = []
        for b in 0..<batch {
            let first = (b * total + positions.lowerBound) * width
            rows += value[first..<first + positions.count * width]
        }
        return rows
    }

    /// Outputs of frames as those of one.
    static func joined(_ parts: [[Double]], batch: Int) -> [Double] {
        var whole: [Double] = []
        for b in 0..<batch {
            for part in parts {
                let count = part.count / batch
                whole += part[b * count..<(b + 1) * count]
            }
        }
        return whole
    }
}
