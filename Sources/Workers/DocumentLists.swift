import Tensors

/// Where the samples of each slot's row lie, as it travels from stage to stage: how many there are, then their lengths.
final class DocumentLists {
    let spec: TensorSpec
    /// By stage and slot, in host memory: what was sent must stay as it is until it has left.
    private var lists: [Key: UnsafeMutableBufferPointer<Int32>] = [:]

    private struct Key: Hashable {
        var stage: Int
        var slot: Int
    }

    init(_ spec: TensorSpec) { self.spec = spec }

    deinit { lists.values.forEach { $0.deallocate() } }

    /// The list of a slot: to be sent, or to be filled.
    func bytes(stage: Int, slot: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(list(stage, slot))
    }

    /// The positions of each sample in a row of that length; nil where the list is none.
    func documents(stage: Int, slot: Int, length: Int) -> [Range<Int>]? {
        let list = list(stage, slot)
        let count = Int(list[0])
        guard (1..<list.count).contains(count) else { return nil }
        var (result, end): ([Range<Int>], Int) = ([], 0)
        for size in list[1...count] {
            guard size > 0, Int(size) <= length - end else { return nil }
            result.append(end..<end + Int(size))
            end += Int(size)
        }
        return end == length ? result : nil
    }

    func set(_ documents: [Range<Int>], stage: Int, slot: Int) {
        let list = list(stage, slot)
        precondition(documents.count < list.count, "\(documents.count) samples in a row, of at most \(list.count - 1)")
        list.update(repeating: 0)
        list[0] = Int32(documents.count)
        for (index, document) in documents.enumerated() { list[index + 1] = Int32(document.count) }
    }

    private func list(_ stage: Int, _ slot: Int) -> UnsafeMutableBufferPointer<Int32> {
        let key = Key(stage: stage, slot: slot)
        if let list = lists[key] { return list }
        let list = UnsafeMutableBufferPointer<Int32>.allocate(capacity: spec.count)
        list.initialize(repeating: 0)
        lists[key] = list
        return list
    }
}
