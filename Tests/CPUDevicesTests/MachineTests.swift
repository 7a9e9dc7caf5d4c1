import CPUDevices
import Tensors
import Testing

@Suite struct MachineTests {
    private let avx512: Set<CPUFeatures.Feature> = [
        .avx2, .fma, .avx512F, .avx512DQ, .avx512BW, .avx512VL, .avx512CD,
    ]

    @Test(arguments: ["Haswell", "Zen", "ZEN", "Prescott"]) func wideMachinesGetWideKernels(detected: String) {
        let features = CPUFeatures(name: "", features: avx512)
        #expect(OpenBLASCore.recommended(for: features, detected: detected) == "SkylakeX")
    }

    @Test(arguments: ["SkylakeX", "SKYLAKEX", "Cooperlake", "SapphireRapids"])
    func aCoreThatIsWideAlreadyStays(detected: String) {
        let features = CPUFeatures(name: "", features: avx512)
        #expect(OpenBLASCore.recommended(for: features, detected: detected) == nil)
    }

    @Test(arguments: [CPUFeatures.Feature.avx512F, .avx512DQ, .avx512BW, .avx512VL, .avx512CD])
    func everyPartOfAVX512IsNeeded(missing: CPUFeatures.Feature) {
        let features = CPUFeatures(name: "", features: avx512.subtracting([missing]))
        #expect(OpenBLASCore.recommended(for: features, detected: "Haswell") == nil)
        #expect(OpenBLASCore.recommended(for: features, detected: "Prescott") == "Haswell")
    }

    @Test func anOldMachineKeepsWhatWasFound() {
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

    @Test func aCoreThatDoesNotExistIsRefused() {
        for cores in [[], [-1], [1 << 20]] {
            #expect(throws: TensorError.self) { try Cores.pin(to: cores) }
        }
    }

    @Test func pinningToAllAllowedCoresChangesNothing() throws {
        let before = Cores.allowed
        try Cores.pin(to: before)
        #expect(Cores.allowed == before)
    }
}
