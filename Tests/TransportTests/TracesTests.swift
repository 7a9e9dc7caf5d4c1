import Foundation
import Systems
import TestSupport
import Testing
import Transport

/// What runs leave behind: nothing.
extension LiveTests {
    @Suite struct TracesTests {
        static let links = [
            LinkDeclaration(id: 0, from: 0, to: 1, credit: 2, maxPayload: 1000),
            LinkDeclaration(id: 1, from: 1, to: 0, credit: 2, maxPayload: 1000),
        ]

        private func directory(of rig: Rig) -> String { String(rig.coordinator.ipcAddress.dropFirst(6).dropLast(8)) }

        @Test func `sockets lie in a private directory that is gone when all go`() throws {
            let rig = try Rig(.ipc, links: Self.links)
            defer { rig.stop() }
            let directory = directory(of: rig)
            let mode = try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            try rig.workers[0].start()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
            try rig.workers[1].start()
            for worker in rig.workers { try worker.awaitGo() }
            #expect(!FileManager.default.fileExists(atPath: directory))
            try rig.finish()
        }

        @Test func `a start that fails leaves nothing`() throws {
            let rig = try Rig(.ipc, links: Self.links)
            defer { rig.stop() }
            let directory = directory(of: rig)
            try rig.workers[0].start()
            rig.stop()
            #expect(!FileManager.default.fileExists(atPath: directory))
        }

        /// A run that is killed while it starts can remove nothing.
        @Test func `the sockets of a run that was killed go with the next run, those of a live one stay`() throws {
            let parent = try TemporaryFolder()
            func server() throws -> ControlServer {
                var configuration = ControlServer.Configuration(world: 1, digest: "digest")
                configuration.socketParent = parent.path
                return try ControlServer(configuration)
            }
            let live = try server()
            defer { live.close() }
            let abandoned = parent.file("echelon-run-ABCDEF")
            #expect(mkdir(abandoned, 0o700) == 0)
            try leaveSocket(at: abandoned + "/control")
            try File.makeFolder(parent.file("echelon-run-GHIJKL"))
            try parent.write("mine", to: "echelon-run-GHIJKL/notes")
            let next = try server()
            defer { next.close() }
            #expect(!File.exists(abandoned))
            #expect(parent.exists("echelon-run-GHIJKL/notes"))
            #expect(File.exists(String(live.ipcAddress.dropFirst(6))))
        }

        private func leaveSocket(at path: String) throws {
            let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(file) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0)
        }

        /// The lifeline is a pipe whose writing end dies with the coordinator.
        @Test func `a lifeline that ends removes the files and tells the worker`() throws {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let isTold = Shared(false)
            let rig = try Rig(.ipc, links: Self.links) {
                guard $0.rank == 0 else { return }
                $0.lifeline = ends[0]
                $0.onCoordinatorGone = { isTold.update { $0 = true } }
            }
            defer { rig.stop() }
            try rig.workers[0].start()
            #expect(write(ends[1], "x", 1) == 1)
            close(ends[1])
            #expect(isTold.wait { $0 ? true : nil } == true)
            #expect(throws: TransportError.coordinatorGone) { try rig.workers[0].awaitGo() }
            #expect(!FileManager.default.fileExists(atPath: directory(of: rig)))
        }

        @Test func `malloc takes the settings for large messages`() { #expect(TransportTuning.apply()) }

        /// Event descriptors, as the wires' sockets have them: other rooms' tests, which run beside this one, open files and
        /// start processes.
        private func eventDescriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)
                return target?.hasPrefix("anon_inode:[event") == true
            }
        }

        private func threads() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count { name in
                let thread = try? String(contentsOfFile: "/proc/self/task/\(name)/comm", encoding: .utf8)
                return ["ZMQbg", "network", "coordinator"].contains { thread?.hasPrefix($0) == true }
            }
        }

        @Test func `fifty runs leave no descriptor and no thread`() throws {
            func run(_ medium: Medium) throws {
                let rig = try Rig(medium, links: Self.links)
                defer { rig.stop() }
                try rig.start()
                #expect(try eventDescriptors() > 3 && threads() > 3)
                let buffer = rig.buffer(count: 100)
                _ = try rig.workers[0].send(link: 0, header: header(0, count: 100), payload: buffer.view)
                try rig.workers[1].receive(link: 0, expecting: header(0, count: 100)) { _ in }
                try rig.finish()
            }
            try run(.ipc)
            try run(.tcp)
            let before = (try eventDescriptors(), try threads())
            for index in 0..<50 { try run(index % 5 == 4 ? .tcp : .ipc) }
            // A leak in each run would be fifty.
            #expect(try eventDescriptors() < before.0 + 25)
            #expect(try threads() < before.1 + 25)
        }
    }
}
