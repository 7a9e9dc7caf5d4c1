import Foundation
import Glibc
import Tensors
import Transport

extension MachineReport.Facts {
    static func gather(blasHere: BLASRun, blasUsed: BLASRun) -> Self {
        let processor = CPUFeatures.current
        return Self(
            system: .current, processor: processor.name,
            features: CPUFeatures.Feature.allCases.filter(processor.features.contains).map(\.rawValue),
            cores: Cores.allowed, machineCores: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            coreQuota: coreQuota(cpuMax: text("/sys/fs/cgroup/cpu.max")),
            blas: BLAS(
                library: OpenBLASCore.library, coreHere: blasHere.core, gflopsHere: blasHere.gflops,
                coreUsed: blasUsed.core, gflopsUsed: blasUsed.gflops,
                coreAskedFor: getenv(WorkerEnvironment.blasCoreVariable).map { String(cString: $0) }),
            memory: Memory(
                memInfo: text("/proc/meminfo"), limit: text("/sys/fs/cgroup/memory.max"),
                used: text("/sys/fs/cgroup/memory.current")),
            hugePages: hugePages(enabled: text("/sys/kernel/mm/transparent_hugepage/enabled")), zeromq: .current,
            sockets: .tried(in: "/tmp"), disk: .around("runs"), gpus: gpus())
    }

    /// `150000 100000` → 1.5; nil for `max 100000` and for anything else.
    package static func coreQuota(cpuMax text: String) -> Double? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
            return nil
        }
        return quota / period
    }

    /// `always [madvise] never` → madvise
    package static func hugePages(enabled text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("[") && $0.hasSuffix("]") }
            .map { String($0.dropFirst().dropLast()) }
    }

    private static func gpus() -> [String] {
        let devices = (try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? []
        let nvidia = devices.filter { $0.hasPrefix("nvidia") && Int($0.dropFirst(6)) != nil }
        return (nvidia + devices.filter { $0 == "kfd" }).sorted().map { "/dev/\($0)" }
    }

    /// A small file of the system's; empty where there is none.
    fileprivate static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension MachineReport.Facts.System {
    fileprivate static var current: Self {
        var name = utsname()
        uname(&name)
        return Self(
            name: prettyName(osRelease: MachineReport.Facts.text("/etc/os-release")),
            kernel: [text(&name.sysname), text(&name.release), text(&name.machine)].joined(separator: " "),
            swift: compiler)
    }

    /// The value of `PRETTY_NAME="…"`.
    package static func prettyName(osRelease: String) -> String {
        let key = "PRETTY_NAME="
        let line = osRelease.split(separator: "\n").first { $0.hasPrefix(key) }
        return line.map { $0.dropFirst(key.count).filter { $0 != "\"" && $0 != "'" } } ?? "unnamed system"
    }

    /// One of uname's fields: bytes up to the first zero.
    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static var compiler: String {
        #if compiler(>=6.4)
            "6.4 or later"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2 or earlier"
        #endif
    }
}

extension MachineReport.Facts.Memory {
    /// From the text of /proc/meminfo; a container's limit, where it is lower, counts instead of the machine's.
    package init(memInfo: String, limit: String, used: String) {
        func bytes(_ key: String) -> Int {
            let line = memInfo.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            let words = line?.split(whereSeparator: \.isWhitespace) ?? []
            let product = (words.count > 1 ? Int(words[1]) ?? 0 : 0).multipliedReportingOverflow(by: 1024)
            return product.overflow ? Int.max : product.partialValue
        }
        func number(_ text: String) -> Int? { Int(text.filter { !$0.isWhitespace }) }
        self.init(totalBytes: bytes("MemTotal"), availableBytes: bytes("MemAvailable"))
        guard let limit = number(limit), limit >= 0, limit < totalBytes else { return }
        totalBytes = limit
        availableBytes = min(availableBytes, max(0, limit - max(0, number(used) ?? 0)))
    }
}

extension MachineReport.Facts.ZeroMQ {
    fileprivate static var current: Self {
        let facts = TransportFacts.current
        return Self(version: facts.version, hasIPC: facts.hasIPC, hasCURVE: facts.hasCURVE)
    }
}

extension MachineReport.Facts.Sockets {
    package static func tried(in folder: String) -> Self {
        do {
            try TransportFacts.trySockets(in: folder)
            return Self(folder: folder)
        } catch {
            return Self(folder: folder, failure: "\(error)")
        }
    }
}

extension MachineReport.Facts.Disk {
    /// Of the folder itself, or where it does not exist yet, of the one that would hold it.
    package static func around(_ folder: String) -> Self {
        let exists = access(folder, F_OK) == 0
        let nearest = exists ? folder : "."
        var status = statvfs()
        let found = statvfs(nearest, &status) == 0
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return Self(
            folder: folder, freeBytes: found ? (free.overflow ? Int.max : Int(clamping: free.partialValue)) : 0,
            isWritable: access(nearest, W_OK | X_OK) == 0)
    }
}
