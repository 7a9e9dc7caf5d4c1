package import CPUDevices
package import Manifests
package import Tensors

extension PipelineManifest.Device {
    /// Compute threads: one for each core.
    package var threads: Int { kind == .cpu ? cores.count : 1 }

    /// The device's backend, and this process, or the calling thread alone, on the device's cores: that thread is to
    /// compute.
    /// - Parameter products: who computes which matrix products.
    package func pinnedBackend(
        _ simulation: PipelineManifest.Simulation, _ scope: Cores.Scope = .process,
        products: ProductTable = ProductTable()
    ) throws(TensorError) -> any Backend {
        guard kind == .cpu else { return backend(simulation) }
        try Cores.pin(scope, to: Array(cores))
        let cpu = CPUBackend(device: description, threads: threads, products: products)
        cpu.pinThreads(to: Array(cores))
        return cpu
    }

    /// The same as a pipeline says.
    package func pinnedBackend(
        _ manifest: PipelineManifest, _ scope: Cores.Scope = .process
    ) throws(TensorError) -> any Backend {
        try pinnedBackend(manifest.simulation, scope, products: manifest.productTable)
    }

    /// The backend of this process's cores, for work that no pipeline's device does: pins nothing.
    package static func hostBackend(threads: Int) -> any Backend { CPUBackend(device: "cpu", threads: threads) }

    /// The backend of this device: here alone a device's name becomes code that computes.
    package func backend(_ simulation: PipelineManifest.Simulation) -> any Backend {
        switch (kind, simulation.pace) {
        case (.cpu, _): CPUBackend(device: description, threads: threads)
        case (.sim, .secondsPerLayer(let seconds)): SimBackend(device: description, pace: .secondsPerUnit(seconds))
        case (.sim, .gflops(let rate)): SimBackend(device: description, pace: .flopsPerSecond(rate * 1e9))
        }
    }
}
