import Foundation
import Systems
public import Tensors

/// The shards of a stage as threads of this process, which sum by way of the host.
public final class ThreadShard: TensorGroup {
    public let shard: TensorShard
    private let meeting: Shared<Meeting>
    private let backend: any Backend
    private let calls = Shared<[Int]>([])

    fileprivate struct Meeting {
        /// By the number of the call: what each shard brought, and how many took it along.
        var parts: [Int: [[UInt8]?]] = [:]
        var taken: [Int: Int] = [:]
        var hasFailed = false
    }

    fileprivate init(_ shard: TensorShard, _ meeting: Shared<Meeting>, on backend: any Backend) {
        self.shard = shard
        self.meeting = meeting
        self.backend = backend
    }

    /// Bytes of each sum so far.
    public var sums: [Int] { calls.withLock { $0 } }

    /// Nobody waits for this shard any more.
    fileprivate func fail() { meeting.update { $0.hasFailed = true } }

    public func sum(_ x: Tensor) {
        var own = [UInt8](repeating: 0, count: x.byteCount)
        own.withUnsafeMutableBytes { backend.download(x, to: $0) }
        let number = calls.update { calls in
            calls.append(own.count)
            return calls.count
        }
        let (index, count) = (shard.index, shard.count)
        let brought = own
        meeting.update { $0.parts[number, default: Array(repeating: nil, count: count)][index] = brought }
        let all = meeting.wait { meeting -> [[UInt8]]?? in
            if meeting.hasFailed { return .some(nil) }
            let parts = meeting.parts[number, default: []].compactMap { $0 }
            guard parts.count == count else { return nil }
            meeting.taken[number, default: 0] += 1
            if meeting.taken[number] == count {
                meeting.parts[number] = nil
                meeting.taken[number] = nil
            }
            return parts
        }
        guard case .some(.some(let parts)) = all else { return }
        precondition(parts.allSatisfy { $0.count == own.count }, "shards sum tensors of different sizes")
        guard !own.isEmpty else { return }
        func make(_ spec: TensorSpec) -> Tensor {
            guard let memory = try? backend.allocate(byteCount: spec.byteCount) else {
                preconditionFailure("no memory")
            }
            return Tensor(memory, spec: spec)
        }
        let arrived = parts.map { bytes in
            let tensor = make(x.spec)
            bytes.withUnsafeBytes { backend.upload($0, to: tensor) }
            return tensor
        }
        backend.sum(arrived, into: x, wide: x.dtype == .f32 ? nil : make(TensorSpec([2 * x.count])))
    }
}

/// Runs `body` once for each of so many shards, each on a thread of its own.
/// - Returns: what each returned, by shard. Throws the first error; then no shard waits for another any more.
public func onShards<Result: Sendable>(
    _ count: Int, on backend: @escaping @Sendable () -> any Backend,
    _ body: @escaping @Sendable (ThreadShard, any Backend) throws -> Result
) async throws -> [Result] {
    let meeting = Shared(ThreadShard.Meeting())
    return try await withThrowingTaskGroup(of: (Int, Result).self) { tasks in
        for index in 0..<count {
            tasks.addTask {
                try await withCheckedThrowingContinuation { continuation in
                    let thread = Thread {
                        let device = backend()
                        let group = ThreadShard(TensorShard(index: index, count: count), meeting, on: device)
                        continuation.resume(
                            with: Swift.Result {
                                do { return (index, try body(group, device)) } catch {
                                    group.fail()
                                    throw error
                                }
                            })
                    }
                    thread.stackSize = 8 << 20
                    thread.start()
                }
            }
        }
        var results: [Int: Result] = [:]
        for try await (index, result) in tasks { results[index] = result }
        return (0..<count).compactMap { results[$0] }
    }
}
