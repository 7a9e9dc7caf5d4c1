import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEndTests {
    /// `train --dashboard`: the page is there while the run is, and not after it.
    @Suite struct DashboardTests {
        private static let sim = [
            "devices=[sim:0, sim:1]", "sim={layer_ms: 2}", "batch.microbatches=4",
        ]

        /// The port that the run says its page is at.
        private func port(of process: EchelonProcess) throws -> UInt16 {
            try process.wait(for: "the page's address") {
                let text = process.output + process.errors
                guard let match = text.firstMatch(of: #/live page: http://127\.0\.0\.1:(\d+)/\n/#) else { return nil }
                return UInt16(match.1)
            }
        }

        private func get(_ path: String, _ port: UInt16, until text: String? = nil) throws -> String {
            let connection = try Connection(to: port)
            try connection.ask(path)
            return try connection.read(until: text)
        }

        private func start(_ lab: Lab, _ overrides: [String] = Lab.endless) throws -> (EchelonProcess, UInt16) {
            let process = try lab.startTraining(Self.sim + overrides, ["--quiet", "--dashboard", "0"])
            return (process, try port(of: process))
        }

        @Test func `the page and its events follow the run`() throws {
            let lab = try Lab()
            let (process, port) = try start(lab)
            let events = try get("/events", port, until: "event: report")
            #expect(events.contains("event: status\ndata: \"<section id="))
            try lab.waitForSteps(of: process)
            let page = try process.wait(for: "a page with a report") {
                let page = try get("/", port)
                return page.contains("Where the time goes") ? page : nil
            }
            #expect(page.hasPrefix("HTTP/1.1 200 OK"))
            #expect(page.contains("class=\"running\"") && page.contains("One step"))
            // Where the run lies is nobody's business who sees its page.
            for text in [events, page, try get("/metrics", port)] { #expect(!text.contains(lab.folder.path)) }
            process.signal(SIGINT)
            #expect(try process.finish(within: 20).exitCode == 75)
            #expect(process.leftovers() == [])
            #expect(throws: Connection.Failure.self) { try get("/", port) }
        }

        @Test func `who listens is told of the end`() throws {
            let lab = try Lab()
            let (process, port) = try start(lab, ["steps=40"])
            let events = try Connection(to: port)
            try events.ask("/events")
            let told = try events.read()
            #expect(told.contains("All 40 steps are done.") || told.contains("event: end"))
            #expect(told.contains("event: end"))
            let outcome = try process.finish()
            #expect(outcome.exitCode == 0 && outcome.output.isEmpty)
            #expect(process.leftovers() == [])
        }

        @Test func `the run outlives its page`() throws {
            let lab = try Lab()
            let (process, port) = try start(lab, ["steps=60"])
            let id = try process.wait(for: "the page's process") {
                ProcessTable.entries(mentioning: "--beside-run").first { $0.parent == process.id }?.id
            }
            kill(id, SIGKILL)
            #expect(try process.finish().exitCode == 0)
            #expect(throws: Connection.Failure.self) { try get("/", port) }
        }

        @Test func `a killed run takes its page along`() throws {
            let lab = try Lab()
            let (process, port) = try start(lab)
            process.signal(SIGKILL)
            try process.wait(for: "the page's end") { (try? Connection(to: port)) == nil ? () : nil }
            #expect(process.leftovers(within: 10) == [])
        }

        @Test func `a taken port ends the run before it begins`() throws {
            let lab = try Lab()
            let (process, port) = try start(lab)
            let second = try lab.startTraining(Self.sim, run: "second", ["--dashboard", "\(port)"]).finish()
            #expect(second.exitCode == 64 && second.output.isEmpty)
            #expect(
                second.errors
                    == "echelon: --dashboard: port \(port) is taken: choose another, or 0 for any free one\n")
            #expect(!lab.folder.exists("second"))
            process.signal(SIGINT)
            _ = try process.finish(within: 20)
        }

        @Test(arguments: ["80000", "here", "1.2.3.4:", "", "999.0.0.1:80"]) func `other addresses are refused`(
            text: String
        )
            throws
        {
            let lab = try Lab()
            let outcome = try lab.startTraining([], ["--dashboard", text]).finish()
            #expect(outcome.exitCode == 64)
            #expect(outcome.errors.contains("--dashboard: expected a port"))
            #expect(!lab.folder.exists("run"))
        }

        @Test func `a finished run has a page too`() throws {
            let lab = try Lab()
            _ = try lab.train(Self.sim)
            let process = try lab.start(["dashboard", lab.folder.file("run")])
            let port = try process.wait(for: "the page's address") {
                process.output.firstMatch(of: #/http://127\.0\.0\.1:(\d+)/\n/#).flatMap { UInt16($0.1) }
            }
            try process.wait(for: "the report") { try get("/", port).contains("All 4 steps are done.") ? () : nil }
            process.signal(SIGINT)
            #expect(try process.finish().exitCode == 0)
            let none = try lab.run(["dashboard", lab.folder.file("nothing")])
            #expect(none.exitCode == 64 && none.errors.contains("there is no such directory"))
        }

        /// It printed the loopback address alone, and its 403 told people on other machines to open that.
        @Test func `a page for other machines says where they find it`() throws {
            let lab = try Lab()
            _ = try lab.train(Self.sim)
            let process = try lab.start(["dashboard", lab.folder.file("run"), "--at", "0.0.0.0:0"])
            let lines = try process.wait(for: "the page's addresses") {
                process.output.hasSuffix("\n") ? process.output.split(separator: "\n") : nil
            }
            let url = #/http://([0-9.]+):(\d+)(/\?token=[0-9a-f]{32})/#
            #expect(lines.first?.wholeMatch(of: url)?.1 == "127.0.0.1")
            for line in lines.dropFirst() {
                let match = try #require(line.firstMatch(of: url), "\(line)")
                #expect(line.hasPrefix("from another machine: "))
                let port = try #require(UInt16(match.2))
                let host = String(match.1)
                func answer(_ path: String) throws -> String {
                    let connection = try Connection(to: port, at: host)
                    try connection.ask(path, host: "\(host):\(port)")
                    return try connection.read()
                }
                #expect(try answer(String(match.3)).hasPrefix("HTTP/1.1 200"))
                #expect(try answer("/").hasPrefix("HTTP/1.1 403"))
            }
            process.signal(SIGTERM)
            #expect(try process.finish().exitCode == 0)
        }

        @Test func `top prints once where nobody watches`() throws {
            let lab = try Lab()
            _ = try lab.train(Self.sim)
            let outcome = try lab.run(["top", lab.folder.file("run")])
            #expect(outcome.exitCode == 0)
            for text in [": done\n", "step 4/4", "sim:1", "0 → 1", "1 → 0", "MiB/s"] {
                #expect(outcome.output.contains(text), "\(outcome.output)")
            }
            #expect(!outcome.output.contains("\u{1b}"))
        }
    }
}
