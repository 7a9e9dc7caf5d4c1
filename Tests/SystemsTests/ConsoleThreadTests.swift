import Glibc
import Systems
import Testing

@Suite struct ConsoleThreadTests {
    /// Reads until all writers have closed.
    private func read(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    private static let lines = (0..<40_000).map { "{\"step\": \($0)}\n" }

    /// A reader that looked away for 14 s lost the run: the coordinator was stuck in a write and heard no heartbeat.
    @Test func `a reader that does not read holds up nobody, and gets everything later`() throws {
        let pipe = try Pipe()
        let console = try ConsoleThread()
        // Far more than a pipe holds; nobody reads yet.
        for line in Self.lines { console.write(line, to: pipe.write) }
        let reader = try thread { read(pipe.read) }
        console.end { false }
        close(pipe.write)
        #expect(reader() == Self.lines.joined())
        #expect(console.failure(of: pipe.write) == nil)
        close(pipe.read)
    }

    /// 327 of 400 lines were gone where the reader was slow and the descriptor does not block.
    @Test func `nothing is lost on a descriptor that does not block`() throws {
        let pipe = try Pipe()
        #expect(fcntl(pipe.write, F_SETFL, O_NONBLOCK) == 0)
        let reader = try thread { read(pipe.read) }
        for line in Self.lines { try Console.write(line, to: pipe.write) }
        close(pipe.write)
        #expect(reader() == Self.lines.joined())
        close(pipe.read)
    }

    @Test func `what the next of its kind replaces is dropped while other text waits`() throws {
        let pipe = try Pipe()
        let console = try ConsoleThread()
        let text = String(repeating: "x", count: 1 << 20)
        console.write(text, to: pipe.write)
        for number in 0..<1000 { console.offer("bar \(number)", to: pipe.write) }
        let reader = try thread { read(pipe.read) }
        console.end { false }
        close(pipe.write)
        #expect(reader() == text)
        close(pipe.read)
    }

    @Test func `a reader that left is told of once, and holds up nobody`() throws {
        let pipe = try Pipe()
        close(pipe.read)
        signal(SIGPIPE, SIG_IGN)
        let console = try ConsoleThread(limit: 10)
        for _ in 0..<100 { console.write("a line\n", to: pipe.write) }
        console.end { false }
        #expect(console.failure(of: pipe.write)?.reason == .system(EPIPE))
        close(pipe.write)
    }

    @Test func `a full device is an error`() throws {
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try #require(full >= 0)
        defer { close(full) }
        let error = #expect(throws: SystemError.self) { try Console.write("x", to: full) }
        #expect(error?.description == "cannot write standard output: No space left on device")
        #expect(error?.exitCode == .interrupted)
    }

    @Test func `the end waits no longer than it is let, also for a reader that never reads`() throws {
        let pipe = try Pipe()
        let console = try ConsoleThread(limit: 1 << 20)
        console.write(String(repeating: "x", count: 1 << 20), to: pipe.write)
        // More than may wait: dropped once its writer is urged.
        console.write("never", to: pipe.write) { true }
        console.end { true }
        close(pipe.write)
        #expect(!read(pipe.read).contains("never"))
        close(pipe.read)
    }

    /// Runs `body` on a thread of its own; what is returned waits for its result.
    private func thread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) throws -> () -> Value {
        let result = Box<Value>()
        let thread = try JoinableThread(name: "reader") { result.value = body() }
        return {
            thread.join()
            return result.value!
        }
    }

    private final class Box<Value>: @unchecked Sendable { var value: Value? }
}
