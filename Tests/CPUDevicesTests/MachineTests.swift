import CPUDevices
import Tensors
import Testing

@Suite struct MachineTests {
    private let avx512: Set<CPUFeatures.Feature> = [
        .avx2, .fma, .avx512F, .avx512DQ, .avx512BW, .avx512VL, .avx512CD,
    ]

    @Test(arguments: ["Haswell", "Zen", "ZEN", "Prescott"]) func `processors with AVX-512 get kernels for it`(
        detected: String
    ) {
        let features = CPUFeatures(name: "", features: avx512)
        #expect(OpenBLASCore.recommended(for: features, detected: detected) == "SkylakeX")
    }

    @Test(arguments: ["SkylakeX", "SKYLAKEX", "Cooperlake", "SapphireRapids"])
    func `a core with AVX-512 kernels is kept`(detected: String) {
        let features = CPUFeatures(name: "", features: avx512)
        #expect(OpenBLASCore.recommended(for: features, detected: detected) == nil)
    }

    @Test(arguments: [CPUFeatures.Feature.avx512F, .avx512DQ, .avx512BW, .avx512VL, .avx512CD])
    func `every part of AVX-512 is needed`(missing: CPUFeatures.Feature) {
        let features = CPUFeatures(name: "", features: avx512.subtracting([missing]))
        #expect(OpenBLASCore.recommended(for: features, detected: "Haswell") == nil)
        #expect(OpenBLASCore.recommended(for: features, detected: "Prescott") == "Haswell")
    }

    @Test func `an old processor keeps the kernels that OpenBLAS detected`() {
        let features = CPUFeatures(name: "", features: [])
        #expect(OpenBLASCore.recommended(for: features, detected: "Prescott") == nil)
    }

    @Test func `this machine has kernels and cores`() {
        #expect(!OpenBLASCore.current.isEmpty)
        #expect(!Cores.allowed.isEmpty)
        #expect(Cores.allowed == Cores.allowed.sorted())
        let features = CPUFeatures.current.features
        #expect(!features.contains(.avx512F) || features.contains(.avx2))
    }

    @Test func `a core that does not exist is refused`() {
        for cores in [[], [-1], [1 << 20]] {
            #expect(throws: TensorError.self) { try Cores.pin(to: cores) }
        }
    }

    @Test func `pinning to all allowed cores changes nothing`() throws {
        let before = Cores.allowed
        try Cores.pin(to: before)
        #expect(Cores.allowed == before)
    }
}
