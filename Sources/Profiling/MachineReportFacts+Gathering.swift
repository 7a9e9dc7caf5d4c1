import CPUDevices
import Glibc
import Manifests
import Planning
package import Systems
import Transport

extension MachineReport.Facts {
    static func gather(blasHere: BLASRun, blasUsed: BLASRun) -> Self {
        let processor = CPUFeatures.current
        return Self(
            system: .current, processor: processor.name,
            features: CPUFeatures.Feature.allCases.filter(processor.features.contains).map(\.rawValue),
            cores: Cores.allowed, machineCores: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            coreQuota: ControlGroup.own.processorQuota,
            blas: BLAS(
                library: OpenBLASCore.library, coreHere: blasHere.core, gflopsHere: blasHere.gflops,
                coreUsed: blasUsed.core, gflopsUsed: blasUsed.gflops,
                coreAskedFor: getenv(WorkerEnvironment.blasCoreVariable).map { String(cString: $0) }),
            memory: Memory(
                memInfo: SmallFile.text("/proc/meminfo"), limit: .together, left: ControlGroup.own.memoryLeft),
            hugePages: hugePages(enabled: SmallFile.text("/sys/kernel/mm/transparent_hugepage/enabled")),
            zeromq: .current, sockets: .found, disk: .around("runs"), gpus: gpus(), products: products)
    }

    private static var products: Products? {
        let machine = PipelineManifest.productMachine(threads: [1])
        let results = ProfileCache.standard.products.results(for: machine)
        guard !results.isEmpty else { return nil }
        return Products(sizes: results.count, gains: results.filter { $0.row != nil }.map(\.gain))
    }

    /// `always [madvise] never` → madvise
    package static func hugePages(enabled text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("[") && $0.hasSuffix("]") }
            .map { String($0.dropFirst().dropLast()) }
    }

    private static func gpus() -> [String] {
        let devices = (try? File.names(in: "/dev")) ?? []
        let nvidia = devices.filter { $0.hasPrefix("nvidia") && Int($0.dropFirst(6)) != nil }
        return (nvidia + devices.filter { $0 == "kfd" }).sorted().map { "/dev/\($0)" }
    }
}

extension MachineReport.Facts.System {
    fileprivate static var current: Self {
        var name = utsname()
        uname(&name)
        return Self(
            name: prettyName(osRelease: SmallFile.text("/etc/os-release")),
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
    /// - Parameter left: bytes that the container may still take.
    package init(memInfo: String, limit: MemoryLimit, left: Int?) {
        func bytes(_ key: String) -> Int {
            let line = memInfo.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            let words = line?.split(whereSeparator: \.isWhitespace) ?? []
            let product = (words.count > 1 ? Int(words[1]) ?? 0 : 0).multipliedReportingOverflow(by: 1024)
            return product.overflow ? Int.max : product.partialValue
        }
        self.init(totalBytes: bytes("MemTotal"), availableBytes: bytes("MemAvailable"))
        availableBytes = min(availableBytes, left ?? .max)
        // The machine's own memory as sysconf tells it differs by what the kernel keeps.
        guard limit != .machine, limit.bytes < totalBytes else { return }
        (totalBytes, limitedBy) = (limit.bytes, limit.source)
    }
}

extension MachineReport.Facts.ZeroMQ {
    fileprivate static var current: Self {
        let facts = TransportFacts.current
        return Self(version: facts.version, hasIPC: facts.hasIPC, hasCURVE: facts.hasCURVE)
    }
}

extension MachineReport.Facts.Sockets {
    /// Where a run started here would make them.
    fileprivate static var found: Self {
        do {
            return tried(in: try ScratchFolder.parentForSockets())
        } catch {
            return Self(folder: ScratchFolder.parent, failure: "\(error)")
        }
    }

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
        let exists = File.exists(folder)
        let nearest = exists ? folder : "."
        var status = statvfs()
        let found = statvfs(nearest, &status) == 0
        let free = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return Self(
            folder: folder, freeBytes: found ? (free.overflow ? Int.max : Int(clamping: free.partialValue)) : 0,
            isWritable: access(nearest, W_OK | X_OK) == 0)
    }
}
