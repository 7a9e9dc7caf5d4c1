import Foundation
import Glibc
import TestSupport
import Testing

extension Lab {
    /// One of this machine's addresses that others may reach; its loopback address where there is none.
    static var address: String {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return "127.0.0.1" }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap(\.self) {
            guard let address = entry.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
                entry.pointee.ifa_flags & UInt32(IFF_UP) != 0, entry.pointee.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
            return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return "127.0.0.1"
    }

    /// Starts a run whose ranks 1 and 2 come with keys of their own to this machine's address.
    func startKeyed(_ overrides: [String], _ flags: [String] = []) throws -> (train: EchelonProcess, port: UInt16) {
        let made = try run(["keys", folder.file("keys"), "--workers", "3"])
        #expect(made.exitCode == 0, "\(made.errors)")
        let train = try startTraining(
            overrides, ["--keys", folder.file("keys"), "--address", Self.address] + flags)
        let port = try train.wait(for: "the coordinator's port") {
            train.output.firstMatch(of: #/--coordinator tcp://[0-9.]+:([0-9]+) --keys worker-1.key\n/#)
                .flatMap { UInt16($0.1) }
        }
        return (train, port)
    }

    func startKeyedWorker(_ rank: Int, keys: String = "keys", port: UInt16) throws -> EchelonProcess {
        try start([
            "worker", folder.file("run/pipeline.yaml"), "--rank", "\(rank)", "--coordinator",
            "tcp://\(Self.address):\(port)", "--keys", folder.file(keys),
        ])
    }
}

extension EndToEndTests {
    /// Workers that come from other machines, as far as one machine can show it.
    @Suite struct KeyedRunTests {
        private let overrides = ["devices=\(Lab.devices(3))", "by_hand=[1, 2]"]

        @Test func `what may not be is refused before anything starts`() throws {
            let lab = try Lab()
            for (name, count) in [("keys", "3"), ("few", "2")] {
                #expect(try lab.run(["keys", name, "--workers", count]).exitCode == 0)
            }
            func refusal(_ overrides: [String], _ flags: [String]) throws -> String {
                let outcome = try lab.startTraining(overrides, flags).finish()
                #expect(outcome.exitCode == 64 && !lab.folder.exists("run"))
                return outcome.errors
            }
            #expect(
                try refusal(overrides, ["--address", "10.1.2.3"])
                    .contains(
                        "the run has no keys: make them with `echelon keys keys --workers 3`, and add --keys keys"))
            #expect(
                try refusal(overrides, ["--address", "0.0.0.0", "--keys", "keys"]).contains(
                    "--address 0.0.0.0: no single"))
            #expect(
                try refusal(overrides, ["--address", "192.0.2.254", "--keys", "keys"])
                    .contains("this machine has no such address"))
            #expect(try refusal([overrides[0]], ["--keys", "keys"]).contains("no worker is started by hand"))
            #expect(try refusal([overrides[0], "by_hand=[2]"], ["--keys", "few"]).contains("worker 2"))
            let worker = try lab.run(
                ["worker", "pipeline.yaml", "--rank", "1", "--coordinator", "tcp://10.1.2.3:5"])
            #expect(worker.exitCode == 64 && worker.errors.contains("needs keys (`echelon keys`"), "\(worker.errors)")
        }

        /// Whoever presses on the ports of a run, what it computes is what it computes alone.
        @Test func `strangers at every port change no bit of a run`() throws {
            let lab = try Lab()
            let overrides = overrides + ["steps=1500"]
            let (train, port) = try lab.startKeyed(overrides, ["--dashboard", "0"])
            let page = try train.wait(for: "the page") {
                (train.output + train.errors).firstMatch(of: #/live page: http://127\.0\.0\.1:(\d+)/\n/#)
                    .flatMap { UInt16($0.1) }
            }
            var held = Stranger.press(port, at: Lab.address)
            // Keys of another folder.
            #expect(try lab.run(["keys", lab.folder.file("others"), "--workers", "2"]).exitCode == 0)
            let wrong = try lab.startKeyedWorker(1, keys: "others", port: port)
            try train.wait(for: "a line about strangers") {
                (train.output + train.errors).contains(
                    " from \(Lab.address) was refused: whoever made it does not belong")
                    || (train.output + train.errors).contains(" from \(Lab.address) were refused") ? () : nil
            }
            // A worker that waits for the last one has its ports open.
            var workers = [try lab.startKeyedWorker(1, port: port)]
            let open = try train.wait(for: "the ports of worker 1") {
                let ports = Stranger.ports(of: workers[0].id)
                return ports.count == 4 ? ports : nil
            }
            for port in open { held += Stranger.press(port, at: Lab.address) }
            workers.append(try lab.startKeyedWorker(2, port: port))
            try lab.waitForSteps(of: train)
            // Slow readers of the page, who never end their requests.
            for _ in 0..<200 {
                guard let client = try? Connection(to: page) else { continue }
                try? client.send("GET / HTTP/1.1\r\nHost: ")
                held.append(client)
            }
            let processes = [train.id, try train.worker(0).id] + workers.map(\.id)
            for process in processes {
                for listener in Stranger.ports(of: process) { held += Stranger.press(listener, at: Lab.address) }
            }
            for process in processes { #expect(Stranger.peakMemory(of: process) ?? 0 < 1 << 30) }
            let outcome = try train.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            for worker in workers { #expect(try worker.finish().exitCode == 0, "\(worker.errors)") }
            wrong.signal(SIGKILL)
            withExtendedLifetime(held) {}
            let run = try FinishedRun(lab.folder, "run", outcome)
            let usual = try lab.train([overrides[0], "steps=1500"], run: "usual")
            #expect(run.losses == usual.losses && run.gradientNorms == usual.gradientNorms)
            #expect(run.weights != nil && run.weights == usual.weights)
        }
    }
}

/// What somebody may do to a port without belonging to the run.
private enum Stranger {
    /// A greeting of ZMTP 3.0.
    private static func greeting(_ mechanism: String) -> [UInt8] {
        [0xff] + [UInt8](repeating: 0, count: 7) + [0x01, 0x7f, 3, 0] + Array(mechanism.utf8)
            + [UInt8](repeating: 0, count: 20 - mechanism.utf8.count + 32)
    }

    /// A frame that announces 8 GiB: a message, or a command.
    private static func announcement(isCommand: Bool) -> [UInt8] {
        [isCommand ? 6 : 2, 0, 0, 0, 2, 0, 0, 0, 0] + [UInt8](repeating: 7, count: 10_000)
    }

    /// CURVE's first command, with a key and a box that are nobody's.
    private static let hello =
        [4, 200, 5] + Array("HELLO".utf8) + [1, 0] + [UInt8](repeating: 0, count: 72)
        + (0..<120).map { UInt8(truncatingIfNeeded: $0 * 37) }

    /// - Returns: connections that stay open.
    static func press(_ port: UInt16, at host: String) -> [Connection] {
        func connect(_ bytes: [UInt8] = []) -> Connection? {
            guard let connection = try? Connection(to: port, at: host) else { return nil }
            try? connection.send(bytes)
            return connection
        }
        for _ in 0..<20 { _ = connect() }
        let ready = [4, 25, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 4]
        let noises: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xa5, count: 4096),
            greeting("NULL") + ready + Array("PUSH".utf8) + [0, 5] + Array("hello".utf8),
            greeting("NULL") + announcement(isCommand: true), greeting("CURVE") + announcement(isCommand: true),
            greeting("CURVE") + announcement(isCommand: false), greeting("CURVE") + hello, greeting("PLAIN"),
        ]
        return noises.compactMap { connect($0) } + (0..<30).compactMap { _ in connect() }
    }

    /// The ports at which a process listens.
    static func ports(of process: pid_t) -> [UInt16] {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let links = Set(
            names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") })
        let table = (try? String(contentsOfFile: "/proc/\(process)/net/tcp", encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", links.contains("socket:[\(fields[9])]") else { return nil }
            return fields[1].split(separator: ":").last.flatMap { UInt16($0, radix: 16) }
        }
    }

    /// Bytes.
    static func peakMemory(of process: pid_t) -> Int? {
        let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        return text?.firstMatch(of: #/VmHWM:\s+(\d+) kB/#).flatMap { Int($0.1) }.map { $0 * 1024 }
    }
}
