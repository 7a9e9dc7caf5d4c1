import Glibc
import Systems
import Testing

struct ScratchFolderTests {
    private let long = "/" + String(repeating: "x", count: 120)

    @Test func `a folder too long for a socket's path gives way to one that works`() throws {
        #expect(try ScratchFolder.parentForSockets(wanted: long, others: ["/nowhere", "/tmp"]) == "/tmp")
        #expect(try ScratchFolder.parentForSockets(wanted: "/dev/shm", others: ["/tmp"]) == "/dev/shm")
    }

    @Test func `where none works, the message is of the first choice`() throws {
        let error = #expect(throws: SystemError.self) {
            _ = try ScratchFolder.parentForSockets(wanted: "/nowhere", others: [long])
        }
        #expect(error?.description == "cannot make sockets in /nowhere: No such file or directory")
    }

    @Test func `a new folder is private`() throws {
        let folder = try ScratchFolder.make("echelon-scratch-test")
        defer { File.remove(folder) }
        var status = stat()
        #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
    }
}

struct ShellQuotedTests {
    @Test(arguments: [
        ("/usr/bin/echelon", "/usr/bin/echelon"), ("my runs/x", "'my runs/x'"), ("it's", "'it'\\''s'"), ("", "''"),
        ("~/x", "'~/x'"), ("a$b", "'a$b'"), ("tcp://127.0.0.1:5", "tcp://127.0.0.1:5"), ("ü", "'ü'"),
    ])
    func `a word of a command line stays one word`(text: String, quoted: String) {
        #expect(text.shellQuoted == quoted)
    }
}

struct TerminalTests {
    @Test func `what is no terminal draws nothing in its place, whatever TERM says`() throws {
        let pipe = try Pipe()
        defer {
            close(pipe.read)
            close(pipe.write)
        }
        #expect(!Terminal.drawsInPlace(pipe.write, term: "xterm"))
    }

    /// Editors' shell windows and some build systems set TERM=dumb: a bar would fill them with carriage returns.
    @Test(arguments: [("xterm", true), ("dumb", false), ("", false), (nil, false)] as [(String?, Bool)])
    func `a dumb terminal gets plain lines`(term: String?, draws: Bool) throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        defer { close(terminal) }
        #expect(Terminal.drawsInPlace(terminal, term: term) == draws)
    }
}
