extension MachineReport {
    /// What this machine has, as found: nothing is judged here.
    package struct Facts: Codable, Hashable, Sendable {
        package var system: System
        package var processor: String
        /// Instruction sets that kernels make use of.
        package var features: [String]
        /// Cores that this process may use, and how many the machine has.
        package var cores: [Int]
        package var machineCores: Int
        /// Cores' worth of time that a container grants; nil without such a limit.
        package var coreQuota: Double?
        package var blas: BLAS
        package var memory: Memory
        /// When Linux gives huge pages: `always`, `madvise` (to who asks for them), `never`; nil where it does not say.
        package var hugePages: String?
        package var zeromq: ZeroMQ
        package var sockets: Sockets
        package var disk: Disk
        package var gpus: [String]
        /// Nil where the libraries have not raced for any matrix product on devices of one core.
        package var products: Products?

        package init(
            system: System, processor: String, features: [String], cores: [Int], machineCores: Int,
            coreQuota: Double? = nil, blas: BLAS, memory: Memory, hugePages: String? = nil, zeromq: ZeroMQ,
            sockets: Sockets, disk: Disk, gpus: [String] = [], products: Products? = nil
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
            self.products = products
        }
    }
}

extension MachineReport.Facts {
    /// What races for matrix products came to.
    package struct Products: Codable, Hashable, Sendable {
        /// Sizes that were raced for.
        package var sizes: Int
        /// By size that another library won than the usual: how many times as fast it is.
        package var gains: [Double]

        package init(sizes: Int, gains: [Double]) {
            self.sizes = sizes
            self.gains = gains
        }
    }

    package struct System: Codable, Hashable, Sendable {
        /// `Debian GNU/Linux 12 (bookworm)`
        package var name: String
        /// `Linux 6.1.0 x86_64`
        package var kernel: String
        /// The compiler that built this program.
        package var swift: String

        package init(name: String, kernel: String, swift: String) {
            self.name = name
            self.kernel = kernel
            self.swift = swift
        }
    }

    /// OpenBLAS as programs started here have it, and as workers have it.
    package struct BLAS: Codable, Hashable, Sendable {
        /// The library's own words about how it was built.
        package var library: String
        package var coreHere: String
        package var gflopsHere: Double
        package var coreUsed: String
        package var gflopsUsed: Double
        /// The core that `ECHELON_BLAS_CORE` asks for.
        package var coreAskedFor: String?

        package init(
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

    package struct Memory: Codable, Hashable, Sendable {
        package var totalBytes: Int
        package var availableBytes: Int
        /// What grants less than the machine has; nil where all of it may be used.
        package var limitedBy: String?

        package init(totalBytes: Int, availableBytes: Int, limitedBy: String? = nil) {
            self.totalBytes = totalBytes
            self.availableBytes = availableBytes
            self.limitedBy = limitedBy
        }
    }

    package struct ZeroMQ: Codable, Hashable, Sendable {
        package var version: String
        package var hasIPC: Bool
        package var hasCURVE: Bool

        package init(version: String, hasIPC: Bool, hasCURVE: Bool) {
            self.version = version
            self.hasIPC = hasIPC
            self.hasCURVE = hasCURVE
        }
    }

    /// Where runs make the sockets between their workers.
    package struct Sockets: Codable, Hashable, Sendable {
        package var folder: String
        /// Why none can be made there; nil where they can.
        package var failure: String?

        package init(folder: String, failure: String? = nil) {
            self.folder = folder
            self.failure = failure
        }
    }

    /// Where runs leave what they write.
    package struct Disk: Codable, Hashable, Sendable {
        package var folder: String
        package var freeBytes: Int
        package var isWritable: Bool

        package init(folder: String, freeBytes: Int, isWritable: Bool) {
            self.folder = folder
            self.freeBytes = freeBytes
            self.isWritable = isWritable
        }
    }
}
