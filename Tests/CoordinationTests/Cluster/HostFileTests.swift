import Coordination
import Runs
import TestPlans
import Testing

@Suite struct HostFileTests {
    private func hosts(_ text: String, ranks: Int) throws -> [String] {
        try HostFile(text, path: "p/hosts").hosts(ofRanks: ranks, path: "p/hosts")
    }

    @Test func `ranks fill the slots of each host in its turn, and slots that are left stay empty`() throws {
        let text = """
            # two machines
            node-a slots=2

            me@10.0.0.7\tslots=4   # the big one
            node-c slots=1

            """.replacing("\n", with: "\r\n")
        #expect(try hosts(text, ranks: 5) == ["node-a", "node-a"] + Array(repeating: "me@10.0.0.7", count: 3))
        #expect(try hosts(text, ranks: 7).last == "node-c")
    }

    @Test(arguments: [
        ("a slots=1\nb slots=2\na slots=1", "p/hosts:3: a stands in line 1 already"),
        ("a slots=1\nb", "p/hosts:2: expected b slots=N, got b"),
        ("a slots=0", "p/hosts:1: slots=0: expected how many workers the host takes"),
        ("a slots=two", "p/hosts:1: slots=two: expected"),
        ("a slots=99999999999999999999", "p/hosts:1: slots=99999999999999999999: expected"),
        ("a slots=1 slots=2", "p/hosts:1: expected a slots=N"),
        ("a 2", "p/hosts:1: expected a slots=N, got a 2"),
        ("# nobody\n\n", "p/hosts: no host in it"),
        // An option of ssh, and what a shell would act on.
        ("-oProxyCommand=x slots=1", "p/hosts:1: -oProxyCommand=x is no host"),
        ("a;b slots=1", "p/hosts:1: a;b is no host"),
    ])
    func `a line that says no host and slots is refused with its place`(text: String, start: String) {
        let said = message { try HostFile(text, path: "p/hosts") }
        #expect(said.hasPrefix(start), "\(said)")
    }

    @Test func `too few slots are told with both numbers`() {
        let said = message { try hosts("a slots=1\nb slots=2", ranks: 5) }
        #expect(said.hasPrefix("p/hosts:1: 5 workers, one for each device of the pipeline, and slots for 3"), "\(said)")
    }

    /// What a process list shows on the other host.
    @Test func `values for workers stand on no command line`() throws {
        let command = RemoteShell(["ssh", "-T"]).command(
            host: "node-a", folder: "/w/it's", program: "/w/echelon", arguments: ["worker", "a b"])
        #expect(command.prefix(3) == ["ssh", "-T", "node-a"] && command.count == 4)
        #expect(command[3].hasPrefix("exec sh -c 'cd "))
        #expect(command[3].contains("exec /w/echelon worker "))
        #expect(try RemoteShell.handOver(["B": "x y", "A": "1"]) == "A=1\nB=x y\n\n")
        #expect(message { try RemoteShell.handOver(["A": String(repeating: "x", count: 70_000)]) }.contains("60,000"))
    }

    @Test(arguments: [
        ("by_hand: [1]", "by_hand"), ("mirror: true", "mirror"), ("recut: auto", "recut"),
        ("spares: [cpu:0]", "spares"),
    ])
    func `what only workers on one machine can do is refused at its place`(line: String, key: String) throws {
        let manifest = try Plans.manifest(more: line + "\ncheckpoint: {every: 5}")
        let said = message { try Cluster.check(manifest, "--hosts starts a worker for each device") }
        #expect(said.contains("p/tiny.yaml:") && said.contains(": \(key): --hosts starts a worker"), "\(said)")
    }
}
