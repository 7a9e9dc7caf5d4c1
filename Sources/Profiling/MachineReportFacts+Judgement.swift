import Foundation
import Planning

extension MachineReport.Facts {
    /// Every fact's line, with what to do about it.
    var findings: [MachineReport.Finding] {
        [
            MachineReport.Finding("system", .ok, "\(system.name), \(system.kernel); built with Swift \(system.swift)"),
            processorFinding, coresFinding, blasFinding, speedFinding, productsFinding,
            memoryFinding, hugePagesFinding, zeromqFinding,
            socketsFinding, diskFinding, gpusFinding,
        ]
    }

    private typealias Finding = MachineReport.Finding

    private var processorFinding: MachineReport.Finding {
        let name = processor.isEmpty ? "a processor without a name" : processor
        let text = features.isEmpty ? name : "\(name): \(features.joined(separator: ", "))"
        guard features.contains("AVX2"), features.contains("FMA") else {
            return Finding(
                "processor", .note, text + "; no AVX2 with FMA",
                advice: "kernels use what there is, several times slower than on newer processors.")
        }
        return Finding("processor", .ok, text)
    }

    private var coresFinding: MachineReport.Finding {
        let devices = cores.prefix(4).map { "cpu:\($0)" } + (cores.count > 4 ? ["…"] : [])
        let text = "\(cores.count) of \(machineCores): devices \(devices.joined(separator: ", "))"
        if let coreQuota, coreQuota < Double(cores.count) {
            let granted = String(format: "%.1f", coreQuota)
            return Finding(
                "cores", .note, text + "; this container is granted the time of \(granted)",
                advice: "use no more devices than that, or raise the container's CPU limit.")
        }
        guard cores.count > 1 else {
            return Finding(
                "cores", .note, text,
                advice: "two workers would share it: write devices: [cpu:\(cores.first ?? 0), cpu:\(cores.first ?? 0)]."
            )
        }
        guard cores.count >= machineCores else {
            return Finding(
                "cores", .note, text, advice: "this process may not use the others (taskset, or a container's cpuset).")
        }
        return Finding("cores", .ok, text)
    }

    private var productsFinding: MachineReport.Finding {
        guard let products else {
            return Finding(
                "products", .ok,
                "by the rules for the processor; `products: tuned` in a pipeline has the libraries race for its sizes")
        }
        let sizes = "raced for \(products.sizes) sizes"
        guard let most = products.gains.max(), let least = products.gains.min() else {
            return Finding("products", .ok, sizes + ": none is clearly faster than by the rules for the processor")
        }
        return Finding(
            "products", .ok,
            sizes
                + ": \(products.gains.count) are \(least.ratioText) to \(most.ratioText) × as fast by another library "
                + "than the usual; pipelines with `products: tuned` use it")
    }

    private var blasFinding: MachineReport.Finding {
        let library = blas.library.split(separator: " ").prefix(2).joined(separator: " ")
        let text = "\(library), kernels for \(blas.coreUsed)"
        let other = blas.coreHere == blas.coreUsed ? "" : "; for \(blas.coreHere) in other programs started here"
        guard let wanted = blas.coreAskedFor else { return Finding("BLAS", .ok, text + other) }
        return Finding(
            "BLAS", .note, text + ", because \(WorkerEnvironment.blasCoreVariable)=\(wanted)" + other,
            advice: "unset it, and workers choose for themselves.")
    }

    private var speedFinding: MachineReport.Finding {
        func rate(_ gflops: Double) -> String { String(format: "%.0f GFLOP/s", gflops) }
        let text = "\(rate(blas.gflopsUsed)) f32 on one core with kernels for \(blas.coreUsed)"
        guard blas.coreHere != blas.coreUsed else { return Finding("GEMM", .ok, text) }
        let both = text + ", \(rate(blas.gflopsHere)) with those for \(blas.coreHere)"
        guard blas.gflopsUsed < 0.9 * blas.gflopsHere else { return Finding("GEMM", .ok, both) }
        return Finding(
            "GEMM", .note, both,
            advice: "if it stays so, set \(WorkerEnvironment.blasCoreVariable)=\(blas.coreHere).")
    }

    private var memoryFinding: MachineReport.Finding {
        let text =
            "\(memory.totalBytes.bytesText), \(memory.availableBytes.bytesText) of it available"
            + (memory.limitedBy.map { "; limited by \($0)" } ?? "")
        guard memory.availableBytes < 1 << 30 else { return Finding("memory", .ok, text) }
        return Finding(
            "memory", .note, text, advice: "compare with what `echelon plan` says each stage needs.")
    }

    private var hugePagesFinding: MachineReport.Finding {
        switch hugePages {
        case "never":
            Finding(
                "huge pages", .note, "none",
                advice:
                    "as root, `echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`: matrix products are up to "
                    + "a quarter faster with them in some virtual machines.")
        case "always": Finding("huge pages", .ok, "for every program")
        case "madvise": Finding("huge pages", .ok, "for programs that ask for them, as workers do")
        default: Finding("huge pages", .ok, "not known: the system does not say")
        }
    }

    private var zeromqFinding: MachineReport.Finding {
        let text = "libzmq \(zeromq.version), CURVE: \(zeromq.hasCURVE ? "yes" : "no")"
        guard zeromq.hasIPC else {
            return Finding(
                "ZeroMQ", .problem, text + ", but no ipc sockets",
                advice: "install a libzmq that has them, such as Debian's libzmq5.")
        }
        guard zeromq.hasCURVE else {
            return Finding(
                "ZeroMQ", .note, text,
                advice:
                    "nothing for workers that train starts; those started by hand (by_hand) need a libzmq with libsodium."
            )
        }
        return Finding("ZeroMQ", .ok, text)
    }

    private var socketsFinding: MachineReport.Finding {
        guard let failure = sockets.failure else {
            return Finding("sockets", .ok, "workers can reach each other through \(sockets.folder)")
        }
        return Finding(
            "sockets", .problem, failure,
            advice:
                "let this user write to \(sockets.folder), see that it is not full, or set TMPDIR to another short path."
        )
    }

    private var diskFinding: MachineReport.Finding {
        let text = "\(disk.freeBytes.bytesText) free for \(disk.folder)/"
        guard disk.isWritable else {
            return Finding(
                "disk", .problem, text + ", but this user may not write there",
                advice: "start in another folder, or choose one with --run-dir.")
        }
        guard disk.freeBytes < 1 << 30 else { return Finding("disk", .ok, text) }
        return Finding(
            "disk", disk.freeBytes < 64 << 20 ? .problem : .note, text,
            advice: "a run leaves weights, metrics and events: make room, or choose another disk with --run-dir.")
    }

    private var gpusFinding: MachineReport.Finding {
        guard !gpus.isEmpty else { return Finding("GPUs", .ok, "none, and none is needed") }
        return Finding(
            "GPUs", .note, gpus.joined(separator: ", "),
            advice: "they stay idle: Echelon computes on CPU cores only, so far.")
    }
}
