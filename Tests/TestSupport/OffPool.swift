import Foundation

/// Runs `body` on a thread of its own, where it may block: tests run on the few threads that tasks need, those of a
/// server in this process too.
public func offPool(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
