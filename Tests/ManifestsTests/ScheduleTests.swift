import Foundation
import Manifests
import Notation
import Partitioning
import Scheduling
import Testing

/// Schedules that somebody wrote down, and what they need.
@Suite struct ScheduleTests {
    private func written(_ manifest: PipelineManifest) -> PipelineManifest.WrittenSchedule? {
        guard case .written(let written) = manifest.schedule else { return nil }
        return written
    }

    @Test func `a file's lines are kept as they are, with their places`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/schedules-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("# mine\n0F0,,0B0\n# second\r\n,1F0 1B0\n\n".utf8).write(to: URL(fileURLWithPath: folder + "/my.txt"))
        let yaml = Pipelines.yaml(["schedule": "{file: my.txt}", "batch": "{micro: 2, microbatches: 1}"])
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: folder + "/p.yaml"))
        let manifest = try PipelineManifest.load(path: folder + "/p.yaml")
        #expect(written(manifest) == .init(name: "my.txt", ranks: ["0F0,,0B0", ",1F0 1B0"]))
        #expect(manifest.mark(of: "schedule.ranks.1").description == "\(folder)/my.txt:4:1")
        #expect(manifest.virtual == 1)
        // The resolved form needs the file no more.
        try FileManager.default.removeItem(atPath: folder + "/my.txt")
        let resolved = manifest.resolvedYAML()
        #expect(resolved.contains("\nschedule: {name: \"my.txt\", ranks: [\"0F0,,0B0\", \",1F0 1B0\"]}\n"))
        #expect(!resolved.contains("virtual:"))
        let again = try PipelineManifest.decode(yaml: resolved, file: "run/pipeline.yaml")
        #expect(again.schedule == manifest.schedule && again.resolvedYAML() == resolved)
    }

    @Test func `a schedule may stand in the manifest itself`() throws {
        let manifest = try Pipelines.load(["schedule": "{ranks: [0F0 0B0, \"1F0 1B0\"]}"])
        #expect(written(manifest) == .init(name: "written", ranks: ["0F0 0B0", "1F0 1B0"]))
        #expect(manifest.mark(of: "schedule.ranks.0").description == "p/x.yaml:6:20")
        #expect(manifest.mark(of: "schedule.ranks.1").description == "p/x.yaml:6:30")
    }

    @Test func `a file replaces what the manifest has, and a name replaces a file`() throws {
        let inline = "{ranks: [0F0 0B0, 1F0 1B0], name: mine}"
        #expect(
            Pipelines.message(Pipelines.yaml(["schedule": inline]), set: ["schedule.file=nowhere.txt"])
                == "--set schedule.file=nowhere.txt: cannot read nowhere.txt: No such file or directory; expected a readable schedule"
        )
        #expect(try Pipelines.load(["schedule": inline], set: "schedule=gpipe").schedule == .named(.gpipe))
    }

    @Test(
        arguments: [
            (["schedule": "{}"], "p/x.yaml:6:11: schedule is an empty mapping; expected either file or ranks"),
            (
                ["schedule": "{file: a, ranks: [0F0]}"],
                "p/x.yaml:6:11: schedule is a mapping (file and ranks); expected either file or ranks"
            ),
            (
                ["schedule": "{ranks: [0F0, 1F0], name: zb-v}"],
                "p/x.yaml:6:37: schedule.name is zb-v; expected a name that no known schedule has, of at most 255 bytes"
            ),
            (
                ["schedule": "{ranks: []}"],
                "p/x.yaml:6:19: schedule.ranks is an empty list; expected a list of texts, one for each rank, such as \"0F0 0F1 0B0 0B1\""
            ),
            (
                ["schedule": "{ranks: [0F0, 1F0]}", "virtual": "2"],
                "p/x.yaml:7:10: virtual has no effect beside a written schedule; expected stages as the schedule has them"
            ),
            (
                ["schedule": "{file: missing.txt}"],
                "p/x.yaml:6:18: cannot read p/missing.txt: No such file or directory; expected a readable schedule"
            ),
            (
                ["schedule": "{fiel: a}"],
                "p/x.yaml:6:12: unknown key \"fiel\" in schedule; expected file, name or ranks; did you mean \"file\"?"
            ),
        ] as [(KeyValuePairs<String, String>, String)])
    func `mistakes are named`(_ changes: KeyValuePairs<String, String>, _ message: String) {
        var lines = Pipelines.yaml()
        for (key, value) in changes { lines += "\(key): \(value)\n" }
        #expect(Pipelines.message(lines) == message)
    }

    @Test func `a schedule that is to be chosen leaves cuts and recomputation to the choice, unless they are written`()
        throws
    {
        let free = try Pipelines.load(["schedule": "auto"])
        #expect(free.schedule == .auto && free.partition == .auto && !free.isRecomputeWritten)
        #expect(free.resolvedYAML().contains("\npartition: auto\nschedule: auto\nbatch:"))
        #expect(!free.resolvedYAML().contains("recompute:"))
        let bound = try Pipelines.load(["schedule": "auto", "partition": "{cuts: [1]}", "recompute": "none"])
        #expect(bound.partition == .cuts([1]) && bound.isRecomputeWritten)
        for manifest in [free, bound] {
            let again = try PipelineManifest.decode(yaml: manifest.resolvedYAML(), file: "run/pipeline.yaml")
            #expect(again.schedule == .auto && again.partition == manifest.partition)
            #expect(again.isRecomputeWritten == manifest.isRecomputeWritten)
            #expect(again.resolvedYAML() == manifest.resolvedYAML())
        }
    }

    @Test func `stages of a device have no effect beside auto, but where --set replaces the schedule`() throws {
        let message = "virtual has no effect beside schedule: auto, which chooses it; expected none"
        let lines = Pipelines.yaml(["schedule": "auto", "virtual": "2"])
        #expect(Pipelines.message(lines) == "p/x.yaml:7:10: \(message)")
        let interleaved = Pipelines.yaml(["schedule": "interleaved", "virtual": "1"])
        #expect(
            try PipelineManifest.decode(yaml: interleaved, file: "p/x.yaml", overrides: ["schedule=auto"]).virtual == 1)
        let both = Pipelines.message(interleaved, set: ["schedule=auto", "virtual=2"])
        #expect(both == "--set virtual=2: \(message)")
    }

    @Test func `cuts of a written schedule are counted when it is read`() throws {
        let manifest = try Pipelines.load(["schedule": "{ranks: [0F0 0B0, 1F0 1B0]}", "partition": "{cuts: [1, 2]}"])
        #expect(manifest.partition == .cuts([1, 2]))
    }
}

/// `memory:`
@Suite struct MemoryTests {
    @Test(arguments: [
        ("2GiB", [2 << 30, 2 << 30]), ("1.5 GB", [1_500_000_000, 1_500_000_000]), ("[800MiB, 7B]", [800 << 20, 7]),
        ("1kB", [1000, 1000]), ("[1TiB, 0.5KiB]", [1 << 40, 512]),
    ]) func `one size is for each device, a list for all`(_ text: String, _ bytes: [Int]) throws {
        #expect(try Pipelines.load(["memory": text]).memory == bytes)
    }

    @Test func `no limit is no limit`() throws {
        #expect(try Pipelines.load().memory == nil)
        #expect(try Pipelines.load(["memory": "null"]).memory == nil)
    }

    @Test(arguments: [
        ("2", "memory is 2; expected a size such as 2GiB, 1.5GB or 800MiB"),
        ("2gib", "memory is 2gib; expected a size such as 2GiB, 1.5GB or 800MiB; did you mean \"2GiB\"?"),
        (
            "0GiB",
            "memory is 0GiB; expected a size such as 2GiB, 1.5GB or 800MiB, more than nothing and less than 1024TiB"
        ),
        (
            "1e9GiB", "memory is 1e9GiB; expected a size such as 2GiB, 1.5GB or 800MiB"
        ),
        (
            "99999999TiB",
            "memory is 99999999TiB; expected a size such as 2GiB, 1.5GB or 800MiB, more than nothing and less than 1024TiB"
        ),
        ("[1GiB]", "1 size for 2 devices; expected one size for all, or one for each"),
        ("[]", "memory is an empty list; expected a list of sizes, such as [2GiB, 1GiB]"),
        ("many", "memory is many; expected a size such as 2GiB, 1.5GB or 800MiB"),
    ]) func `what is no size is refused`(_ text: String, _ message: String) {
        #expect(Pipelines.message(Pipelines.yaml(["memory": text])) == "p/x.yaml:6:9: " + message)
    }
}
