import Planning
import Runs
import Stages
import Tensors

/// A stage's, or a rank's, state on the host, by name.
protocol StateBytes {
    /// Shows the bytes of a tensor, which there must be.
    func withBytes<Failure: Error>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure)
}

/// A rank's state where it lies, between two steps.
struct LiveState: StateBytes {
    private let states: [StageState]
    private var places: [String: (state: Int, tensor: StageState.NamedTensor)] = [:]

    /// - Parameter isHeld: which of the stages' tensors it has.
    init(_ states: [StageState], _ isHeld: (StageState.NamedTensor) -> Bool) {
        self.states = states
        for (index, state) in states.enumerated() {
            for tensor in state.tensors where isHeld(tensor) { places[tensor.name] = (index, tensor) }
        }
    }

    /// Whether it has a tensor of that name.
    func has(_ name: String) -> Bool { places[name] != nil }

    /// Bytes of each tensor, by name.
    var sizes: [String: Int] { places.mapValues { $0.tensor.tensor.byteCount } }

    func withBytes<Failure: Error>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard let place = places[name] else { preconditionFailure("no tensor \(name)") }
        try states[place.state].withBytes(of: place.tensor, body)
    }
}

/// A copy of a rank's state in host memory: a checkpoint is written from one while training goes on, and a run goes on
/// with one where a worker was lost or stages changed.
///
/// The memory is taken once and used again and again. One thread fills it, then another reads it: whoever fills it waits
/// for the reader before.
final class StateSnapshot: StateBytes, @unchecked Sendable {
    /// All of the state that is no tensor; nil: the copy is not whole.
    var state: StepState?
    private let memory: UnsafeMutableRawBufferPointer
    private let ranges: [String: Range<Int>]

    /// Takes the memory, and has the system provide all of it.
    /// - Parameter sizes: bytes of each tensor, by name.
    init(sizes: [String: Int]) {
        var (ranges, end): ([String: Range<Int>], Int) = ([:], 0)
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
            ranges[name] = end..<end + size
            end += (size + 63) / 64 * 64
        }
        self.ranges = ranges
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(end, 64), alignment: 4096)
        // The first copy would otherwise wait for each page.
        memory.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { memory.deallocate() }

    /// Copies every tensor that lies there.
    func fill(from live: LiveState) {
        for (name, range) in ranges where live.has(name) {
            live.withBytes(of: name) { UnsafeMutableRawBufferPointer(rebasing: memory[range]).copyMemory(from: $0) }
        }
    }

    /// The tensors' names, in the order in which they travel.
    var names: [String] { ranges.keys.sorted() }

    /// A tensor's place; nil where it has none here.
    func bytes(of name: String) -> UnsafeMutableRawBufferPointer? {
        ranges[name].map { UnsafeMutableRawBufferPointer(rebasing: memory[$0]) }
    }

    func withBytes<Failure: Error>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        guard let bytes = bytes(of: name) else { preconditionFailure("no tensor \(name)") }
        try body(UnsafeRawBufferPointer(bytes))
    }
}
