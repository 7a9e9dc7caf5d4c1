import Foundation
import Glibc
import TestSupport
import Testing

extension Lab {
    /// A command in ssh's place: it runs the other host's command here, with nothing of this environment, and hands its
    /// input on by another process, as over a network.
    static let shell = """
        #!/bin/bash
        echo "$1 $2" >>ssh.log
        env -i PATH="$PATH" HOME="$HOME" sh -c "$2" < <(cat)

        """

    /// Starts a run over four workers, the last three on two other hosts.
    func startOverHosts(_ overrides: [String], _ flags: [String] = []) throws -> EchelonProcess {
        try folder.write(Self.shell, to: "ssh")
        chmod(folder.file("ssh"), 0o755)
        try folder.write("localhost slots=1\nnode-a slots=2 # two\n\nnode-b slots=9\n", to: "hosts")
        let arguments =
            ["train", folder.file("pipeline.yaml"), "--run-dir", folder.file("run"), "--hosts", "hosts"]
            + ["--address", Self.address] + Self.arguments(["devices=\(Self.devices(4))"] + overrides) + flags
        return try EchelonProcess(arguments, in: folder, shell: "export ECHELON_SSH=\(folder.file("ssh"))")
    }

    /// A worker's own process, once it is there.
    func distantWorker(_ rank: Int, of train: EchelonProcess) throws -> pid_t {
        try train.wait(for: "worker \(rank)") {
            train.processes.first {
                $0.arguments.first?.hasSuffix("echelon") == true && $0.value(of: "--rank") == "\(rank)"
            }?.id
        }
    }
}

extension EndToEndTests {
    /// Workers on several hosts, as far as one machine can show it.
    @Suite struct HostsTests {
        @Test func `the run is the same over three hosts, and what it hands to workers stands on no command line`()
            throws
        {
            let lab = try Lab()
            let usual = try lab.train(["devices=\(Lab.devices(4))"], run: "usual")
            try lab.folder.write("ECHELON_TEST=from the file\n", to: ".echelon_env")
            let train = try lab.startOverHosts(Lab.endless)
            try lab.waitForSteps(of: train)
            for rank in 0..<4 {
                let process = try lab.distantWorker(rank, of: train)
                let environment = try String(contentsOfFile: "/proc/\(process)/environ", encoding: .utf8)
                #expect(environment.contains("ECHELON_TEST=from the file"))
                #expect(!(try String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)).contains("from the"))
            }
            train.signal(SIGUSR1)
            #expect(try train.finish().exitCode == 75)
            #expect(train.leftovers(within: 10) == [])
            #expect(lab.folder.exists("run/steps/latest"))
            try FileManager.default.removeItem(atPath: lab.folder.file("run"))
            let outcome = try lab.startOverHosts([]).finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("worker 1 on \(Lab.device(1)) of node-a: "))
            let run = try FinishedRun(lab.folder, "run", outcome)
            #expect(run.losses == usual.losses && run.gradientNorms == usual.gradientNorms)
            #expect(run.weights != nil && run.weights == usual.weights)
            let log = try lab.folder.text("ssh.log")
            #expect(log.contains("node-b exec sh -c ") && !log.contains("ECHELON_WORKER_KEY"))
        }

        @Test func `a worker that is killed on another host is started again, and no bit differs`() throws {
            let lab = try Lab()
            let more = ["steps=400", "checkpoint.every=10", "restart.attempts=2", "devices=\(Lab.devices(4))"]
            let usual = try lab.train(more, run: "usual")
            let train = try lab.startOverHosts(more, ["--quiet"])
            try lab.waitForSteps(of: train)
            kill(try lab.distantWorker(2, of: train), SIGKILL)
            let outcome = try train.finish()
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            #expect(outcome.errors.contains("worker 2 (\(Lab.device(2)) of node-a) "), "\(outcome.errors)")
            #expect(train.leftovers(within: 10) == [])
            let run = try FinishedRun(lab.folder, "run", outcome)
            #expect(run.losses == usual.losses && run.weights == usual.weights)
        }

        @Test func `workers on other hosts end with a coordinator that is killed`() throws {
            let lab = try Lab()
            let train = try lab.startOverHosts(Lab.endless)
            try lab.waitForSteps(of: train)
            train.signal(SIGKILL)
            _ = try train.finish()
            #expect(train.leftovers(within: 10) == [])
        }

        @Test func `mistakes end before any work, with file and line`() throws {
            let lab = try Lab()
            func refusal(_ hosts: String, _ flags: [String] = []) throws -> String {
                try lab.folder.write(hosts, to: "hosts")
                let outcome = try lab.startTraining([], ["--hosts", "hosts"] + flags).finish()
                #expect(outcome.exitCode == 64 && !lab.folder.exists("run"))
                return outcome.errors
            }
            #expect(try refusal("a slots=1\nb slots=x").hasPrefix("echelon: hosts:2: slots=x: expected"))
            #expect(try refusal("a slots=1").hasPrefix("echelon: hosts:1: 2 workers"))
            #expect(try refusal("no-such-host.invalid slots=2").contains("name it with --address"))
            #expect(try refusal("localhost slots=2", ["--keys", "keys"]).contains("--keys: a run on several hosts"))
            try lab.folder.write("A=1\nnothing", to: ".echelon_env")
            #expect(try refusal("localhost slots=2").hasPrefix("echelon: .echelon_env:2: expected NAME=VALUE"))
        }
    }
}
