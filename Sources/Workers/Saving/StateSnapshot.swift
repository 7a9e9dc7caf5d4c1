import Planning
import Stages
import Tensors

/// A rank's state where it lies, between two steps.
struct LiveState: StateBytes {
    private let states: [StageState]
    private var places: [String: (state: Int, tensor: StageState.NamedTensor)] = [:]

    init(_ states: [StageState], _ plan: TrainingPlan) {
        self.states = states
        for (index, state) in states.enumerated() {
            for tensor in StageFile.kept(state, plan) { places[tensor.name] = (index, tensor) }
        }
    }

    /// Bytes of each tensor, by name.
    var sizes: [String: Int] { places.mapValues { $0.tensor.tensor.byteCount } }

    func withBytes<Failure: Error>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard let place = places[name] else { preconditionFailure("no tensor \(name)") }
        try states[place.state].withBytes(of: place.tensor, body)
    }
}

/// A copy of a rank's state in host memory, from which a checkpoint is written while training goes on.
///
/// The memory is taken once and used for every checkpoint. One thread fills it, then another reads it: whoever fills it
/// waits for the reader before.
final class StateSnapshot: StateBytes, @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private let ranges: [String: Range<Int>]

    /// Takes the memory, and has the system provide all of it.
    init(of state: LiveState) {
        var (ranges, end): ([String: Range<Int>], Int) = ([:], 0)
        for (name, size) in state.sizes.sorted(by: { $0.key < $1.key }) {
            ranges[name] = end..<end + size
            end += (size + 63) / 64 * 64
        }
        self.ranges = ranges
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(end, 64), alignment: 4096)
        // The first copy would otherwise wait for each page.
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { memory.deallocate() }

    /// Copies every tensor.
    func fill(from state: LiveState) {
        for (name, range) in ranges {
            state.withBytes(of: name) { UnsafeMutableRawBufferPointer(rebasing: memory[range]).copyMemory(from: $0) }
        }
    }

    func withBytes<Failure: Error>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard let range = ranges[name] else { preconditionFailure("no tensor \(name)") }
        try body(UnsafeRawBufferPointer(rebasing: memory[range]))
    }
}
