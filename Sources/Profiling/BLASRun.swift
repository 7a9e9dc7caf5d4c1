import CPUDevices
import Foundation
import Glibc
import Manifests
import Planning
import Runs
import Tensors

/// One core's speed at weight gradients, the products that OpenBLAS computes on every processor, with the kernels that this
/// process's took.
struct BLASRun: Codable, Hashable {
    var core: String
    var gflops: Double

    /// Takes about a quarter of a second.
    static func measure() throws(RunFailure) -> BLASRun {
        let size = 1024
        let shape = MatMul(m: size, n: size, k: size, transposeA: true, accumulate: true)
        var probe: GEMMProbe
        do {
            probe = try GEMMProbe(PipelineManifest.Device.hostBackend(threads: 1), shape)
        } catch {
            throw RunFailure(wrapping: error)
        }
        for _ in 0..<12 { probe.run() }
        return BLASRun(core: OpenBLASCore.current, gflops: probe.rate / 1e9)
    }

    /// Carries what was measured across a new start of this program.
    private static let variable = "ECHELON_DOCTOR_BLAS"

    func handOver() {
        guard let data = try? JSONEncoder().encode(self) else { return }
        setenv(Self.variable, String(decoding: data, as: UTF8.self), 1)
    }

    static var handedOver: BLASRun? {
        guard let text = getenv(variable) else { return nil }
        let run = try? JSONDecoder().decode(BLASRun.self, from: Data(String(cString: text).utf8))
        return run.flatMap { $0.gflops.isFinite && $0.gflops >= 0 ? $0 : nil }
    }
}
