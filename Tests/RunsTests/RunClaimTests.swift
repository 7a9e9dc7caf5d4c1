import Glibc
import Runs
import Systems
import TestPlans
import TestSupport
import Testing

@Suite struct RunClaimTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("x") }

    init() throws { folder = try TemporaryFolder() }

    private func claim(_ manifest: String = "m") throws -> RunClaim {
        try RunClaim(named: path, run: "x", manifest: manifest)
    }

    /// What a run of manifest `m` leaves that ended after so many steps.
    private func leaveUnfinishedRun(steps: Int) throws {
        for name in ["events", "logs"] { try File.makeFolder("\(path)/\(name)") }
        try folder.write("", to: "x/lock")
        try folder.write("m", to: "x/pipeline.yaml")
        try folder.write("{}", to: "x/run.json")
        try folder.write(String(repeating: "{}\n", count: steps), to: "x/metrics.jsonl")
    }

    @Test func `a folder is one run's, until that ends without a trace`() throws {
        var first: RunClaim? = try claim()
        #expect(first?.directory.path == path)
        #expect(
            message { try claim() } == "run directory \(path) is in use by another run: choose another with --run-dir")
        #expect(folder.exists("x/lock"))
        first = nil
        #expect(!folder.exists("x"))
        #expect(message { try claim() }.isEmpty)
    }

    /// A taken port, a full disk: the same line works once that is over.
    @Test func `a claim that came to nothing is removed, with what was prepared in it`() throws {
        var first: RunClaim? = try claim()
        for name in ["pipeline.yaml", "run.json", "metrics.jsonl", "model.safetensors.partial", "logs/rank-0.log"] {
            try folder.write(name == "run.json" ? "{}" : "", to: "x/" + name)
        }
        // What the coordinator has shown already.
        try folder.write("echelon: the run ended\n", to: "x/logs/rank-1.log")
        withExtendedLifetime(first) {}
        first = nil
        #expect(!folder.exists("x"))
    }

    @Test(arguments: ["metrics.jsonl", "logs/rank-0.log", "model.safetensors"])
    func `what a run or its workers wrote is kept`(name: String) throws {
        var first: RunClaim? = try claim()
        try folder.write("something\n", to: "x/" + name)
        withExtendedLifetime(first) {}
        first = nil
        #expect(folder.exists("x/" + name))
    }

    /// Of a run of a pretrained model that evaluates, all is there that is made before the first step.
    @Test func `whatever a run makes before its first step goes with a claim that came to nothing`() throws {
        var first: RunClaim? = try claim()
        for name in ["pretrained", "best", "attempts/1/events"] { try File.makeFolder("\(path)/\(name)") }
        try folder.write("{}", to: "x/pretrained/config.json")
        #expect(first != nil)
        first = nil
        #expect(!folder.exists("x"))
    }

    /// What a run left behind that was to go on, and was interrupted at once: it can still go on.
    @Test func `a claim on a run that is to go on leaves it as it was, whatever comes of it`() throws {
        try leaveUnfinishedRun(steps: 0)
        try File.makeFolder("\(path)/attempts/1/events")
        var next: RunClaim? = try RunClaim(goingOnIn: path)
        #expect(next != nil)
        next = nil
        for name in ["lock", "pipeline.yaml", "run.json", "attempts/1/events"] {
            #expect(folder.exists("x/" + name), "\(name)")
        }
        #expect(message { try RunClaim(goingOnIn: path) }.isEmpty)
    }

    @Test func `an empty folder of the user's stays`() throws {
        try File.makeFolder(path)
        _ = try claim()
        #expect(folder.exists("x") && folder.files == ["x"])
    }

    /// `--run-dir models` replaced metrics.jsonl and report.json of a folder that no run had made.
    @Test(arguments: ["model.safetensors", "metrics.jsonl", "notes.txt"])
    func `a folder with anything else in it is never written to`(name: String) throws {
        try File.makeFolder(path)
        try folder.write("mine", to: "x/" + name)
        #expect(
            message { try claim() }
                == "run directory \(path) is not empty (it holds \(name)), and no run of this program made it: choose "
                + "another with --run-dir")
        #expect(folder.files == ["x", "x/" + name])
    }

    @Test(arguments: ["model.safetensors", "pipeline.yaml"]) func `a folder that holds a run is refused`(name: String)
        throws
    {
        if name == "pipeline.yaml" {
            try File.makeFolder(path)
        } else {
            try leaveUnfinishedRun(steps: 3)
        }
        try folder.write("w", to: "x/" + name)
        let before = folder.files
        for _ in 0..<2 {
            #expect(
                message { try claim() }
                    == "run directory \(path) already holds a run: remove it, or choose another with --run-dir")
        }
        #expect(folder.files == before)
    }

    /// Devices that compute nothing leave no weights: live.json says that the run came to its end.
    @Test func `a finished run without weights is refused`() throws {
        try leaveUnfinishedRun(steps: 3)
        try LiveStatus(name: "x", state: .done, steps: 3, metrics: nil, ranks: []).write(to: path + "/live.json")
        #expect(message { try claim() }.contains("already holds a run"))
    }

    @Test func `an unfinished run of the same pipeline makes way, and is kept`() throws {
        try leaveUnfinishedRun(steps: 12)
        try File.makeFolder(path + ".1")
        let again = try claim()
        #expect(
            again.note == "run directory \(path) holds an unfinished run (stopped after step 12): starting over; it is "
                + "kept as \(path).2")
        #expect(try folder.text("x.2/metrics.jsonl").count == 36 && !folder.exists("x/metrics.jsonl"))
    }

    @Test func `an unfinished run of another pipeline stays where it is`() throws {
        try leaveUnfinishedRun(steps: 12)
        #expect(message { try claim("other") }.contains("holds an unfinished run of another pipeline"))
        #expect(try folder.text("x/metrics.jsonl").count == 36)
    }

    @Test func `a path that cannot be a folder is bad input`() throws {
        let failure = #expect(throws: RunFailure.self) {
            _ = try RunClaim(named: "/dev/null/run", run: "x", manifest: "")
        }
        #expect(failure?.code == .badInput)
        #expect(failure?.message == "run directory /dev/null/run: cannot list /dev/null/run: Not a directory")
    }

    /// bash leaves `--run-dir=~/x` as it is: it names a folder here, not one at home.
    @Test func `a tilde is a name like any other`() throws {
        let claim = try RunClaim(named: folder.file("~/x"), run: "x", manifest: "")
        #expect(folder.exists("~/x/lock"))
        withExtendedLifetime(claim) {}
    }

    @Test func `without a name the first free number is taken`() throws {
        let claims = try (0..<3).map { _ in
            try RunClaim(named: nil, run: "x", manifest: "", under: folder.file("runs"))
        }
        #expect(claims.map(\.directory.path) == ["runs/x", "runs/x-2", "runs/x-3"].map(folder.file))
    }
}
