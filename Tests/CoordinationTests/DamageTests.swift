import Coordination
import Foundation
import Glibc
import Manifests
import Planning
import Runs
import Systems
import TestSupport
import Testing

/// Checkpoints whose files were changed since: whatever bit it is, the run goes on from the checkpoint before.
@Suite struct DamageTests {
    /// ECHELON_DAMAGES says how many; they are the same ones each time.
    private static let flips = ProcessInfo.processInfo.environment["ECHELON_DAMAGES"].flatMap(Int.init) ?? 400
    private static let block = 4096

    private let folder: TemporaryFolder
    private let run: RunDirectory
    /// Behind steps 2 and 3.
    private let before: String
    private let newest: String
    /// Below the newest checkpoint's folder.
    private let files: [String]

    init() throws {
        folder = try TemporaryFolder()
        run = RunDirectory(folder.file("run"))
        var pipeline = TrainingRunTests.pipeline(3)
        pipeline.steps = 3
        pipeline.checkpoint = .init(every: .steps(1), keepLast: 2)
        try Coordinator(
            TrainingPlan(pipeline), .init(runDirectory: run.path, output: .quiet, launch: .threads)
        ).run()
        (before, newest) = (run.stepsPath + "/00000002", run.stepsPath + "/00000003")
        let prefix = "run/steps/00000003/"
        files = folder.files.filter { $0.hasPrefix(prefix) && !$0.hasSuffix("/optimizer") }
            .map { String($0.dropFirst(prefix.count)) }
        try #require(files.count == 8 && File.exists(before))
    }

    /// Looks where the run would go on, which must not be the newest checkpoint, and puts that one back.
    private func expectPassedOver(_ file: String, _ what: String) throws {
        var notes: [String] = []
        let point = try ResumePoint.find(in: run, .auto) { notes.append($0) }
        #expect(point?.step == 2 && point?.folder == before, "\(what)")
        #expect(notes.count == 1 && notes[0].contains("/00000003/\(file): "), "\(what): \(notes)")
        #expect(File.exists(newest + ".damaged") && !File.exists(newest), "\(what)")
        if File.exists(newest + ".damaged") { try File.move(newest + ".damaged", to: newest) }
    }

    @Test func `a file that is cut off at any boundary of 4 KiB is named`() throws {
        var cuts = 0
        for file in files {
            let bytes = try File.read(newest + "/" + file, limit: 1 << 24)
            for count in stride(from: 0, to: bytes.count, by: Self.block) {
                try File.truncate(newest + "/" + file, to: count)
                try expectPassedOver(file, "\(file), \(count) bytes")
                try File.write(bytes, to: newest + "/" + file)
                cuts += 1
            }
        }
        #expect(cuts >= files.count)
        if Self.flips > 400 { print("\(cuts) cuts of \(files.count) files") }
        #expect(try ResumePoint.find(in: run, .auto) { _ in }?.step == 3)
    }

    @Test func `a flipped bit is found wherever it is, and its file is named`() throws {
        var random = SplitMix64(seed: 11)
        for number in 0..<Self.flips {
            // Each file in turn: large ones would take nearly all of them.
            let file = files[number % files.count]
            let descriptor = open(newest + "/" + file, O_RDWR | O_CLOEXEC)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let size = try #require(File.size(newest + "/" + file))
            let (place, bit) = (off_t(random.next() % UInt64(size)), UInt8(1) << UInt8(random.next() % 8))
            var byte: UInt8 = 0
            try #require(pread(descriptor, &byte, 1, place) == 1)
            byte ^= bit
            try #require(pwrite(descriptor, &byte, 1, place) == 1)
            try expectPassedOver(file, "\(file), byte \(place), bit \(bit)")
            byte ^= bit
            try #require(pwrite(descriptor, &byte, 1, place) == 1)
        }
        #expect(try ResumePoint.find(in: run, .auto) { _ in }?.step == 3)
        if Self.flips > 400 { print("\(Self.flips) flipped bits of \(files.count) files") }
    }
}
