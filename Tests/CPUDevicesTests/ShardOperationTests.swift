import CPUDevices
import Tensors
import Testing

/// What a shard computes of some channels, or of some rows of a table, is its part of the whole.
@Suite struct ShardOperationTests {
    private let lab = Lab()

    @Test(arguments: [DType.f32, .bf16, .f16], [0..<1, 3..<40, 17..<130, 0..<130])
    func `dropout of some columns is that part of the whole's`(_ dtype: DType, _ columns: Range<Int>) {
        let (rows, width) = (6, 130)
        let key = RandomKey(seed: 3, step: 1, sample: 4, layer: 9)
        let x = lab.tensor(numbers(rows * width, seed: 1), [rows, width], dtype)
        let (whole, part) = (lab.garbage([rows, width], dtype), lab.garbage([rows, columns.count], dtype))
        let (own, expected) = (lab.garbage(part.shape, dtype), lab.garbage(part.shape, dtype))
        lab.backend.dropout(x, into: whole, probability: 0.4, key: key, rowsPerSample: 3)
        lab.backend.extractColumns(whole, from: columns.lowerBound, into: expected)
        lab.backend.extractColumns(x, from: columns.lowerBound, into: own)
        lab.backend.dropout(
            own, into: part, probability: 0.4, key: key, rowsPerSample: 3, columns: columns, of: width)
        #expect(lab.bytes(part) == lab.bytes(expected))
    }

    @Test(arguments: [DType.f32, .bf16, .f16], [3, 17, 1025, 2500])
    func `shards of the classes give the loss and the gradient of all`(_ dtype: DType, _ classes: Int) {
        let (rows, cuts) = (4, [0, classes / 3, classes / 3 + 1, classes])
        let x = numbers(rows * classes, seed: 1, scale: 8)
        let targets = lab.ids([0, classes - 1, -100, classes / 3])
        let (whole, wholeLosses) = (lab.tensor(x, [rows, classes], dtype), lab.garbage([rows]))
        lab.backend.crossEntropy(
            whole, targets: targets, ignoreIndex: -100, normaliser: lab.normaliser(3), rowLosses: wholeLosses,
            gradientScale: 64)
        let parts = lab.garbage([3, rows, 3])
        let logits = (0..<3).map { shard in
            let own = lab.garbage([rows, cuts[shard + 1] - cuts[shard]], dtype)
            lab.backend.extractColumns(lab.tensor(x, [rows, classes], dtype), from: cuts[shard], into: own)
            lab.backend.crossEntropyPart(
                own, targets: targets, first: cuts[shard], into: parts.slice(start: 3 * rows * shard, [rows, 3]))
            return own
        }
        for shard in 0..<3 {
            let losses = lab.garbage([rows])
            lab.backend.crossEntropy(
                logits[shard], targets: targets, first: cuts[shard], parts: parts, ignoreIndex: -100,
                normaliser: lab.normaliser(3), rowLosses: losses, gradientScale: 64)
            expectClose(lab.floats(losses), lab.floats(wholeLosses).map(Double.init))
            let expected = lab.garbage(logits[shard].shape, dtype)
            lab.backend.extractColumns(whole, from: cuts[shard], into: expected)
            for (found, wanted) in zip(lab.floats(logits[shard]), lab.floats(expected)) {
                #expect(abs(found - wanted) <= Float(2 * dtype.roundingError + 1e-5) * abs(wanted) + 1e-6)
            }
        }
    }

    @Test func `tables of some tokens add up to the whole one's embedding, to the bit`() {
        let (width, ids) = (37, lab.ids([3, 0, 6, 1, 4, 3], [2, 3]))
        let (token, position) = (numbers(7 * width, seed: 1), lab.tensor(numbers(4 * width, seed: 2), [4, width]))
        let (table, dy) = (lab.tensor(token, [7, width]), lab.tensor(numbers(6 * width, seed: 3), [2, 3, width]))
        let (whole, sum) = (lab.garbage([2, 3, width], .bf16), lab.garbage([2, 3, width], .bf16))
        let (dtoken, dposition) = (lab.tensor(token, [7, width]), lab.tensor(numbers(4 * width, seed: 4), [4, width]))
        let parts = lab.tensor(token, [7, width])
        lab.backend.embedding(ids, token: table, position: position, scale: 2.5, into: whole)
        lab.backend.embeddingBackward(ids, dy: dy, dtoken: dtoken, dposition: dposition, scale: 2.5)
        lab.backend.zero(sum)
        for rows in [0..<2, 2..<5, 5..<7] {
            let own: Shape = [rows.count, width]
            let y = lab.garbage([2, 3, width], .bf16)
            lab.backend.embedding(
                ids, token: table.slice(start: rows.lowerBound * width, own), first: rows.lowerBound,
                position: position, scale: 2.5, into: y)
            lab.backend.add(sum, y, into: sum)
            let places = lab.tensor(numbers(4 * width, seed: 4), [4, width])
            lab.backend.embeddingBackward(
                ids, dy: dy, dtoken: parts.slice(start: rows.lowerBound * width, own), first: rows.lowerBound,
                dposition: places, scale: 2.5)
            #expect(lab.bytes(places) == lab.bytes(dposition))
        }
        #expect(lab.bytes(sum) == lab.bytes(whole))
        #expect(lab.bytes(parts) == lab.bytes(dtoken))
    }
}
