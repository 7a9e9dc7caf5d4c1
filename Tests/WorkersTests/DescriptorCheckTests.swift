import Testing
import Workers

@Suite struct DescriptorCheckTests {
    /// 64 ranks under a limit of 28: two of three tries waited for 60 s, then "did not connect all links".
    @Test func `more ranks and more links need more descriptors`() {
        #expect(DescriptorCheck.coordinator(ranks: 64) > 145)
        #expect(DescriptorCheck.coordinator(ranks: 65) == DescriptorCheck.coordinator(ranks: 64) + 2)
        #expect(DescriptorCheck.worker(links: 3, ports: 0) - DescriptorCheck.worker(links: 2, ports: 0) == 7)
        #expect(DescriptorCheck.worker(links: 3, ports: 1) > DescriptorCheck.worker(links: 3, ports: 0))
    }
}
