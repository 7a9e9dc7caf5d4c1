import Foundation
import Profiling
import Systems
import Testing

/// A machine that lacks nothing.
private let good = MachineReport.Facts(
    system: MachineReport.Facts.System(
        name: "Debian GNU/Linux 12 (bookworm)", kernel: "Linux 6.1.0 x86_64", swift: "6.3"),
    processor: "Some Processor", features: ["AVX2", "FMA", "AVX512F"], cores: [0, 1, 2, 3], machineCores: 4,
    blas: MachineReport.Facts.BLAS(
        library: "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH Haswell", coreHere: "Haswell", gflopsHere: 100,
        coreUsed: "Haswell", gflopsUsed: 100),
    memory: MachineReport.Facts.Memory(totalBytes: 16 << 30, availableBytes: 12 << 30),
    zeromq: MachineReport.Facts.ZeroMQ(version: "4.3.4", hasIPC: true, hasCURVE: true),
    sockets: MachineReport.Facts.Sockets(folder: "/tmp"),
    disk: MachineReport.Facts.Disk(folder: "runs", freeBytes: 100 << 30, isWritable: true))

private func finding(_ topic: String, _ change: (inout MachineReport.Facts) -> Void) throws -> MachineReport.Finding {
    var facts = good
    change(&facts)
    return try #require(MachineReport(facts).findings.first { $0.topic == topic })
}

@Suite struct MachineReportTests {
    @Test func `a machine that lacks nothing is fine throughout`() {
        let report = MachineReport(good)
        #expect(report.findings.allSatisfy { $0.state == .ok && $0.advice == nil })
        #expect(report.text().hasSuffix("This machine can train."))
    }

    @Test func `what is missing is said with what to do`() throws {
        let findings = try [
            finding("processor") { $0.features = [] },
            finding("cores") { $0.cores = [2] },
            finding("cores") { $0.machineCores = 8 },
            finding("cores") { $0.coreQuota = 1.5 },
            finding("BLAS") { $0.blas.coreAskedFor = "Nehalem" },
            finding("memory") { $0.memory.availableBytes = 500 << 20 },
            finding("huge pages") { $0.hugePages = "never" },
            finding("ZeroMQ") { $0.zeromq.hasCURVE = false },
            finding("disk") { $0.disk.freeBytes = 500 << 20 },
            finding("GPUs") { $0.gpus = ["/dev/nvidia0"] },
        ]
        for finding in findings {
            #expect(finding.state == .note, "\(finding)")
            #expect(finding.advice != nil, "\(finding)")
        }
    }

    @Test func `what stops runs is a problem`() throws {
        let findings = try [
            finding("ZeroMQ") { $0.zeromq.hasIPC = false },
            finding("sockets") { $0.sockets.failure = "make a directory for sockets in /tmp: Permission denied" },
            finding("disk") { $0.disk.freeBytes = 1 << 20 },
            finding("disk") { $0.disk.isWritable = false },
        ]
        for finding in findings { #expect(finding.state == .problem && finding.advice != nil, "\(finding)") }
        var facts = good
        facts.disk.isWritable = false
        #expect(MachineReport(facts).text().hasSuffix("Runs will fail until this is solved: disk."))
    }

    @Test func `a single core is named in the devices to write`() throws {
        let advice = try finding("cores") { $0.cores = [2] }.advice
        #expect(advice?.contains("[cpu:2, cpu:2]") == true)
    }

    @Test func `both kernels are shown where workers use others`() throws {
        func change(_ facts: inout MachineReport.Facts) {
            facts.blas.coreUsed = "SkylakeX"
            facts.blas.gflopsUsed = 230
        }
        #expect(try finding("BLAS", change).text.contains("SkylakeX; for Haswell in other programs"))
        let speed = try finding("GEMM", change)
        #expect(speed.state == .ok)
        #expect(
            speed.text == "230 GFLOP/s f32 on one core with kernels for SkylakeX, 100 GFLOP/s with those for Haswell")
    }

    @Test func `kernels that are slower than the others are not praised`() throws {
        let speed = try finding("GEMM") {
            $0.blas.coreUsed = "SkylakeX"
            $0.blas.gflopsUsed = 60
        }
        #expect(speed.state == .note)
        #expect(speed.advice?.contains("ECHELON_BLAS_CORE=Haswell") == true)
    }

    @Test func `the text fits a hundred columns`() {
        var facts = good
        facts.processor = "A processor whose makers gave it a name that is as long as its list of features"
        facts.features = (0..<20).map { "FEATURE-\($0)" }
        facts.gpus = (0..<16).map { "/dev/nvidia\($0)" }
        let lines = MachineReport(facts).text().split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 })
        #expect(lines.contains { $0.contains("FEATURE-19") })
    }

    @Test func `JSON holds facts and findings`() throws {
        let report = MachineReport(good)
        let json = try report.json()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        let facts = try #require(object["facts"] as? [String: Any])
        #expect((facts["blas"] as? [String: Any])?["core_used"] as? String == "Haswell")
        #expect((object["findings"] as? [[String: Any]])?.count == report.findings.count)
    }
}

@Suite struct MachineFactsTests {
    @Test(
        arguments: [
            ("always [madvise] never\n", "madvise"), ("[always] madvise never", "always"), ("", nil), ("madvise", nil),
        ] as [(String, String?)])
    func hugePagesAreWhatStandsInBrackets(text: String, setting: String?) {
        #expect(MachineReport.Facts.hugePages(enabled: text) == setting)
    }

    @Test func `memory is the machine's unless a container grants less`() {
        let info = "MemTotal:       8192 kB\nMemFree:  1 kB\nMemAvailable:   4096 kB\n"
        func memory(_ limit: Int, left: Int?) -> MachineReport.Facts.Memory {
            MachineReport.Facts.Memory(memInfo: info, limit: MemoryLimit(bytes: limit, source: "a test"), left: left)
        }
        typealias Memory = MachineReport.Facts.Memory
        let all = Memory(totalBytes: 8192 << 10, availableBytes: 4096 << 10)
        #expect(memory(.max, left: nil) == all)
        #expect(memory(99_999_999_999, left: 99_999_999_999) == all)
        #expect(
            memory(1 << 20, left: 48576) == Memory(totalBytes: 1 << 20, availableBytes: 48576, limitedBy: "a test"))
    }

    @Test func `nonsense from the system is no trap`() {
        let memory = MachineReport.Facts.Memory(
            memInfo: "MemTotal: 9223372036854775807 kB\nMemAvailable: what", limit: .machine, left: nil)
        #expect(memory.totalBytes == Int.max)
        #expect(memory.availableBytes == 0)
    }

    @Test func `the system's name stands in quotes or not`() {
        #expect(MachineReport.Facts.System.prettyName(osRelease: "ID=a\nPRETTY_NAME=\"A B 1\"\n") == "A B 1")
        #expect(MachineReport.Facts.System.prettyName(osRelease: "PRETTY_NAME=Plain") == "Plain")
        #expect(MachineReport.Facts.System.prettyName(osRelease: "") == "unnamed system")
    }

    @Test func `sockets are tried for real`() {
        #expect(MachineReport.Facts.Sockets.tried(in: "/tmp").failure == nil)
        #expect(MachineReport.Facts.Sockets.tried(in: "/proc/nowhere").failure?.contains("/proc/nowhere") == true)
    }

    @Test func `a run's folder need not exist yet`() {
        #expect(MachineReport.Facts.Disk.around("no-such-folder").freeBytes > 0)
        #expect(MachineReport.Facts.Disk.around("/proc").freeBytes == 0)
    }
}
