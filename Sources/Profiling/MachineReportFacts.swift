extension MachineReport {
    /// What this machine has, as found: nothing is judged here.
    public struct Facts: Codable, Hashable, Sendable {
        public var system: System
        public var processor: String
        /// Instruction sets that kernels make use of.
        public var features: [String]
        /// Cores that this process may use, and how many the machine has.
        public var cores: [Int]
        public var machineCores: Int
        /// Cores' worth of time that a container grants; nil without such a limit.
        public var coreQuota: Double?
        public var blas: BLAS
        public var memory: Memory
        /// When Linux gives huge pages: `always`, `madvise` (to who asks for them), `never`; nil where it does not say.
        public var hugePages: String?
        public var zeromq: ZeroMQ
        public var sockets: Sockets
        public var disk: Disk
        public var gpus: [String]

        public init(
            system: System, processor: String, features: [String], cores: [Int], machineCores: Int,
            coreQuota: Double? = nil, blas: BLAS, memory: Memory, hugePages: String? = nil, zeromq: ZeroMQ,
            sockets: Sockets, disk: Disk, gpus: [String] = []
        ) {
            self.system = system
            self.processor = processor
            self.features = features
            self.cores = cores
            self.machineCores = machineCores
            self.coreQuota = coreQuota
            self.blas = blas
            self.memory = memory
            self.hugePages = hugePages
            self.zeromq = zeromq
            self.sockets = sockets
            self.disk = disk
            self.gpus = gpus
        }
    }
}

extension MachineReport.Facts {
    public struct System: Codable, Hashable, Sendable {
        /// `Debian GNU/Linux 12 (bookworm)`
        public var name: String
        /// `Linux 6.1.0 x86_64`
        public var kernel: String
        /// The compiler that built this program.
        public var swift: String

        public init(name: String, kernel: String, swift: String) {
            self.name = name
            self.kernel = kernel
            self.swift = swift
        }
    }

    /// OpenBLAS as programs started here have it, and as workers have it.
    public struct BLAS: Codable, Hashable, Sendable {
        /// The library's own words about how it was built.
        public var library: String
        public var coreHere: String
        public var gflopsHere: Double
        public var coreUsed: String
        public var gflopsUsed: Double
        /// The core that `ECHELON_BLAS_CORE` asks for.
        public var coreAskedFor: String?

        public init(
            library: String, coreHere: String, gflopsHere: Double, coreUsed: String, gflopsUsed: Double,
            coreAskedFor: String? = nil
        ) {
            self.library = library
            self.coreHere = coreHere
            self.gflopsHere = gflopsHere
            self.coreUsed = coreUsed
            self.gflopsUsed = gflopsUsed
            self.coreAskedFor = coreAskedFor
        }
    }

    public struct Memory: Codable, Hashable, Sendable {
        public var totalBytes: Int
        public var availableBytes: Int
        /// What grants less than the machine has; nil where all of it may be used.
        public var limitedBy: String?

        public init(totalBytes: Int, availableBytes: Int, limitedBy: String? = nil) {
            self.totalBytes = totalBytes
            self.availableBytes = availableBytes
            self.limitedBy = limitedBy
        }
    }

    public struct ZeroMQ: Codable, Hashable, Sendable {
        public var version: String
        public var hasIPC: Bool
        public var hasCURVE: Bool

        public init(version: String, hasIPC: Bool, hasCURVE: Bool) {
            self.version = version
            self.hasIPC = hasIPC
            self.hasCURVE = hasCURVE
        }
    }

    /// Where runs make the sockets between their workers.
    public struct Sockets: Codable, Hashable, Sendable {
        public var folder: String
        /// Why none can be made there; nil where they can.
        public var failure: String?

        public init(folder: String, failure: String? = nil) {
            self.folder = folder
            self.failure = failure
        }
    }

    /// Where runs leave what they write.
    public struct Disk: Codable, Hashable, Sendable {
        public var folder: String
        public var freeBytes: Int
        public var isWritable: Bool

        public init(folder: String, freeBytes: Int, isWritable: Bool) {
            self.folder = folder
            self.freeBytes = freeBytes
            self.isWritable = isWritable
        }
    }
}
