import Glibc
import Manifests
import Planning
import Runs
import TestPlans
import TestSupport
import Testing
import Transport

/// What a worker must have in common with the coordinator before it may join.
@Suite struct DigestTests {
    private func plan(_ folder: TemporaryFolder, byHand: Bool, model: String = Plans.gpt) throws -> TrainingPlan {
        var manifest = try Plans.manifest(model: model, more: byHand ? "by_hand: [0, 1]" : "")
        manifest.weights = folder.file("w.safetensors")
        manifest.data.source = .text([folder.file("a.txt"), folder.file("b.txt")])
        return try TrainingPlan(manifest)
    }

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["w.safetensors", "a.txt", "b.txt"] { try folder.write("contents of \(name)", to: name) }
        return folder
    }

    private func values(_ plan: TrainingPlan, _ rank: Int) throws -> [String] {
        try plan.digest(of: rank).parts.map(\.value)
    }

    @Test func `version, manifest and the rank's files are in it; data only where they are read`() throws {
        let folder = try folder()
        let plan = try plan(folder, byHand: true)
        let weights = "weights file \(folder.file("w.safetensors"))"
        #expect(try plan.digest(of: 1).parts.map(\.name) == ["version", "manifest", weights])
        #expect(
            try plan.digest(of: 0).parts.map(\.name)
                == ["version", "manifest", weights] + ["a.txt", "b.txt"].map { "data file \(folder.file($0))" })
        #expect(try values(plan, 0)[0] == ProgramVersion.text)
    }

    @Test func `a worker by hand is compared by contents, wherever its files lie and however old they are`() throws {
        let folder = try folder()
        let plan = try plan(folder, byHand: true)
        let before = try values(plan, 0)
        try folder.write("contents of a.txt", to: "copy.txt")
        #expect(rename(folder.file("copy.txt"), folder.file("a.txt")) == 0)
        #expect(try values(plan, 0) == before)
        try folder.write("Contents of a.txt", to: "a.txt")
        let after = try values(plan, 0)
        #expect(zip(before, after).filter { $0 != $1 }.count == 1)
    }

    @Test func `a child of the coordinator must see the very file, and reads none of it`() throws {
        let folder = try folder()
        let plan = try plan(folder, byHand: false)
        let before = try values(plan, 0)
        #expect(try values(plan, 0) == before)
        try folder.write("contents of a.txt", to: "copy.txt")
        #expect(rename(folder.file("copy.txt"), folder.file("a.txt")) == 0)
        #expect(try values(plan, 0) != before)
    }

    @Test func `another manifest is another digest`() throws {
        let folder = try folder()
        let (one, other) = (try plan(folder, byHand: true), try plan(folder, byHand: true, model: Plans.portal))
        #expect(try values(one, 1)[1] != values(other, 1)[1])
    }

    @Test func `thousands of files fit a hello`() throws {
        let folder = try folder()
        var manifest = try Plans.manifest(more: "by_hand: [0]")
        manifest.data.source = .text((0..<3000).map { _ in folder.file("a.txt") })
        let digest = try TrainingPlan(manifest).digest(of: 0)
        #expect(digest.parts.count == 101 && digest.parts.last?.name == "list of 2902 more files")
    }

    @Test func `a file that is not there is named`() throws {
        let folder = try TemporaryFolder()
        let plan = try plan(folder, byHand: true)
        #expect(message { try plan.digest(of: 1) }.contains(folder.file("w.safetensors")))
    }
}

@Suite struct SecretFileTests {
    @Test func `it lies beside the manifest, for its owner alone`() throws {
        let folder = try TemporaryFolder()
        let (secret, manifest) = (RunSecret(), folder.file("pipeline.yaml"))
        #expect(SecretFile.path(besides: "pipeline.yaml") == "secret")
        try SecretFile.write(RunSecret(), to: SecretFile.path(besides: manifest))
        try SecretFile.write(secret, to: SecretFile.path(besides: manifest))
        var status = stat()
        #expect(stat(folder.file("secret"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(try SecretFile.find(beside: manifest, named: nil) == secret)
        #expect(try SecretFile.find(beside: "elsewhere/x.yaml", named: folder.file("secret")) == secret)
    }

    @Test func `where there is none the way to it is told`() throws {
        let folder = try TemporaryFolder()
        let missing = message { try SecretFile.find(beside: folder.file("p.yaml"), named: nil) }
        #expect(missing.contains("--secret-file") && missing.contains("the line that train printed"))
        try folder.write("not a secret", to: "secret")
        let wrong = message { try SecretFile.find(beside: folder.file("p.yaml"), named: nil) }
        #expect(wrong == "\(folder.file("secret")): expected a run's secret, 64 hexadecimal digits")
    }
}
