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

    @Test func `a new folder is private, and gone with its owner`() throws {
        var folder: OwnedFolder? = try OwnedFolder("echelon-scratch-test")
        let path = try #require(folder).path
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        folder = nil
        #expect(!File.exists(path))
    }

    /// What `kill -9` leaves of a command: nobody holds its lock any more.
    @Test(arguments: [OwnedFolder.Contents.files, .sockets])
    func `an abandoned folder goes when the next of its name is made; a locked one and others' stay`(
        _ contents: OwnedFolder.Contents
    ) throws {
        let name = "echelon-abandoned-\(contents)"
        let parent = try OwnedFolder("echelon-scratch-parent")
        for folder in ["-dead01", "-open02", "2-other3"] {
            try #require(mkdir("\(parent.path)/\(name)\(folder)", 0o700) == 0)
        }
        try File.write("x".utf8, to: "\(parent.path)/\(name)-dead01/file")
        try #require(chmod("\(parent.path)/\(name)-open02", 0o755) == 0)
        let held = try OwnedFolder(name, in: parent.path, contents)
        let next = try OwnedFolder(name, in: parent.path, contents)
        let left = Set(try File.names(in: parent.path))
        let own = [held, next].map { $0.path.split(separator: "/").last.map(String.init) ?? "" }
        let kept = Set(own + ["\(name)-open02", "\(name)2-other3"])
        // Among sockets a file says that the folder is no run's.
        #expect(left == (contents == .files ? kept : kept.union(["\(name)-dead01"])))
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
