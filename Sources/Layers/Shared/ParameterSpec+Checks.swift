import Notation
import Tensors

extension ParameterSpec {
    /// A parameter of sizes that nobody has checked yet: `Layer.checkParameters` will refuse what is out of range.
    init(_ name: String, unchecked extents: [Int], _ initial: Distribution, isMatrix: Bool = false) {
        self.init(name, Shape(extents.map { max($0, 0) }), initial, isMatrix: isMatrix)
    }
}

extension Layer {
    /// Throws when a setting is out of its limits, or a parameter larger than anything can hold: a layer that Swift made
    /// has not passed through a manifest.
    public func checkSettings() throws(LayerError) {
        if let complaint {
            throw LayerError(
                expected: "\(complaint.setting): \(complaint.expected)", got: complaint.value + complaint.detail)
        }
        for parameter in parameters {
            do throws(LayerError) {
                _ = try TensorSpec.checked(parameter.shape.extents)
            } catch {
                throw LayerError(expected: error.expected, got: "\(parameter.name) \(error.got)")
            }
        }
    }
}

/// `factor × size`, or the greatest Int: a size that the checks refuse.
func scaled(_ size: Int, by factor: Int) -> Int {
    let (result, overflow) = size.multipliedReportingOverflow(by: factor)
    return overflow ? .max : result
}
