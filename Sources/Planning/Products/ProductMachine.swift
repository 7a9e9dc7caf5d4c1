import CPUDevices
package import Manifests

extension PipelineManifest {
    /// What the results of races hold for: processor, libraries, and the cores of each kind of device.
    package var productMachine: String {
        let counts = Set(distinctDevices.map(\.threads)).sorted()
        return Self.productMachine(threads: counts)
    }

    /// - Parameter threads: how many compute in a device, by kind of device.
    package static func productMachine(threads: [Int]) -> String {
        let processor = CPUFeatures.current
        let features = processor.features.map(\.rawValue).sorted().joined(separator: " ")
        let threads = threads.map(String.init).joined(separator: " and ")
        let openBLAS = OpenBLASCore.library.split(separator: " ").prefix(2).joined(separator: " ")
        return "\(processor.name), \(features), \(openBLAS) with \(ProfileKey.kernels) kernels, "
            + "oneDNN \(CPULibraries.oneDNN), \(threads) threads"
    }

    /// A model's table, where `products` is `tuned`: what has been raced on this machine.
    /// - Returns: this manifest with the table in place of `tuned`, and how many products have not been raced.
    func withProducts(of contests: @autoclosure () -> [ProductContest], _ cache: ProductCache) -> (Self, missing: Int) {
        guard products == .tuned else { return (self, 0) }
        let (table, missing) = cache.choice(of: contests(), self)
        var manifest = self
        manifest.products = .table(table)
        return (manifest, missing.count)
    }
}
