import Glibc
import Synchronization
import Systems

/// The backend of `sim:…` devices: memory and messages are real, computing is waiting.
///
/// Operations do nothing but move bytes between tensors; `simulate` waits for as long as the pass would take. Memory starts
/// as zeros, and pages that nobody writes take no room.
public final class SimBackend: Backend {
    /// How long work takes.
    public enum Pace: Hashable, Sendable {
        /// Seconds for each unit of `Work.units`: every layer's forward takes equally long.
        case secondsPerUnit(Double)
        /// FLOPs of `Work.flops` that the device does in a second.
        case flopsPerSecond(Double)

        func nanoseconds(of work: Work) -> Int64 {
            let seconds =
                switch self {
                case .secondsPerUnit(let seconds): work.units * seconds
                case .flopsPerSecond(let rate): work.flops / rate
                }
            return Int64(exactly: (seconds * 1e9).rounded()) ?? .max / 4
        }
    }

    /// `sim:0`, as the user wrote it.
    public let device: String
    /// How long work takes on this device.
    public let pace: Pace
    /// False: losses mean nothing.
    public let computes = false
    private let clock = Mutex(BusyClock())
    /// Whether the compute thread, which alone calls `simulate`, has given up its timer slack.
    private let wakesOnTime = Atomic(false)

    /// - Parameters:
    ///   - device: what reports and errors call it: `sim:0`.
    ///   - pace: how long it pretends to compute.
    public init(device: String, pace: Pace) {
        self.device = device
        self.pace = pace
    }

    /// Zeros, from `calloc`.
    public func allocate(byteCount: Int) throws(TensorError) -> DeviceMemory {
        guard let address = calloc(max(byteCount, 1), 1) else {
            throw HostMemory.exhausted(byteCount: byteCount)
        }
        return DeviceMemory(address: address, byteCount: byteCount) { Glibc.free($0) }
    }

    /// Never nil: tensors lie in host memory.
    public func hostView(_ tensor: Tensor) -> UnsafeMutableRawBufferPointer? {
        UnsafeMutableRawBufferPointer(start: tensor.address, count: tensor.byteCount)
    }

    /// Copies the bytes, as devices that compute do.
    public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) {
        HostMemory.upload(bytes, to: tensor)
    }

    /// Copies the bytes, as devices that compute do.
    public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) {
        HostMemory.download(tensor, to: bytes)
    }

    /// Copies the bytes, as devices that compute do.
    public func copy(_ x: Tensor, to y: Tensor) { HostMemory.copy(x, to: y) }

    /// NaN: there is nothing to sum.
    public func sum(_ x: Tensor) -> Double { .nan }
    /// Always 0, so that no gradient counts as infinite.
    public func sumOfSquares(_ x: Tensor) -> Double { 0 }
    /// None: nothing is computed.
    public func attentionScratch(_ shape: AttentionShape, _ dtype: DType) -> Int { 0 }

    /// Waits until the device would be done, counted from when it was done with the work before, or from now if it has
    /// been idle since.
    public func simulate(_ work: Work) {
        let duration = pace.nanoseconds(of: work)
        if !wakesOnTime.exchange(true, ordering: .relaxed) { MonotonicClock.removeTimerSlack() }
        let deadline = clock.withLock { $0.begin(duration, now: Self.now) }
        MonotonicClock.sleep(until: UInt64(clamping: deadline))
        clock.withLock { $0.woke(now: Self.now) }
    }

    private static var now: Int64 { Int64(clamping: MonotonicClock.now) }

    /// Returns at once: `simulate` has waited already.
    public func synchronise() {}
}
