import CPUDevices
import Tensors
import Testing

@Suite struct EmbeddingTests {
    let lab = Lab()
    let ids = [3, 0, 3, 1, 4, 3]

    @Test(arguments: [1, 7, 16, 65], [true, false]) func `the forward pass looks up rows of the tables`(
        width: Int, hasPosition: Bool
    ) {
        let (token, position) = (numbers(5 * width, seed: 1), numbers(4 * width, seed: 2))
        let y = lab.garbage([2, 3, width])
        lab.backend.embedding(
            lab.ids(ids, [2, 3]), token: lab.tensor(token, [5, width]),
            position: hasPosition ? lab.tensor(position, [4, width]) : nil, into: y)
        var expected: [Double] = []
        for (row, id) in ids.enumerated() {
            for i in 0..<width {
                expected.append(token[id * width + i] + (hasPosition ? position[row % 3 * width + i] : 0))
            }
        }
        expectClose(lab.floats(y), expected, tolerance: 1e-7)
    }

    @Test(arguments: [1, 7, 65]) func `a scale multiplies the tokens' vectors and their gradients, not the positions'`(
        width: Int
    ) {
        let (token, position) = (numbers(5 * width, seed: 1), numbers(4 * width, seed: 2))
        let (table, places) = (lab.tensor(token, [5, width]), lab.tensor(position, [4, width]))
        let (y, dy) = (lab.garbage([2, 3, width]), numbers(6 * width, seed: 3))
        lab.backend.embedding(lab.ids(ids, [2, 3]), token: table, position: places, scale: 4.5, into: y)
        var (expected, dtoken, dposition): ([Double], [Double], [Double]) = ([], token, position)
        for (row, id) in ids.enumerated() {
            for i in 0..<width {
                expected.append(4.5 * token[id * width + i] + position[row % 3 * width + i])
                dtoken[id * width + i] += 4.5 * dy[row * width + i]
                dposition[row % 3 * width + i] += dy[row * width + i]
            }
        }
        expectClose(lab.floats(y), expected, tolerance: 2e-7)
        lab.backend.embeddingBackward(
            lab.ids(ids, [2, 3]), dy: lab.tensor(dy, [2, 3, width]), dtoken: table, dposition: places, scale: 4.5)
        expectClose(lab.floats(table), dtoken, tolerance: 2e-7)
        expectClose(lab.floats(places), dposition, tolerance: 2e-7)
    }

    @Test(arguments: [1, 7, 16, 65], [true, false]) func `the gradients of equal ids add up`(
        width: Int, hasPosition: Bool
    ) {
        let dy = numbers(6 * width, seed: 3)
        var (token, position) = (numbers(5 * width, seed: 1), numbers(4 * width, seed: 2))
        let (dtoken, dposition) = (lab.tensor(token, [5, width]), lab.tensor(position, [4, width]))
        lab.backend.embeddingBackward(
            lab.ids(ids, [2, 3]), dy: lab.tensor(dy, [2, 3, width]), dtoken: dtoken,
            dposition: hasPosition ? dposition : nil)
        for (row, id) in ids.enumerated() {
            for i in 0..<width {
                token[id * width + i] += dy[row * width + i]
                if hasPosition { position[row % 3 * width + i] += dy[row * width + i] }
            }
        }
        expectClose(lab.floats(dtoken), token, tolerance: 2e-7)
        expectClose(lab.floats(dposition), position, tolerance: 2e-7)
    }
}
