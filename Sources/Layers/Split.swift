public import Notation
public import Tensors

/// Cuts a tensor along its innermost axis into a tuple.
///
/// [batch, …, a + b] → [batch, …, a], [batch, …, b].
public struct Split: Layer {
    fileprivate enum Parts: Hashable, Sendable {
        case equal(Int)
        case widths([Int])
    }

    private let parts: Parts

    public static let syntax = KindSyntax(
        "split", "A tensor → a tuple, along the last axis.", .parts,
        "into so many equal parts, or parts of these widths",
        example: "split: 2, or split: [64, 192]", make: { Split($0) }, get: \.parts)

    private init(_ parts: Parts) { self.parts = parts }

    /// Equal parts.
    public init(parts: Int) { self.parts = .equal(parts) }

    /// Parts of these widths, which together are the input's.
    public init(widths: [Int]) { self.parts = .widths(widths) }

    public var parameters: [ParameterSpec] { [] }

    public func plan(for input: Signature) throws(LayerError) -> LayerPlan {
        let x = try input.oneTensor()
        try x.requireFloatingPoint()
        guard x.shape.rank >= 2 else { throw LayerError(expected: "[batch × … × width]", got: input.words) }
        var outputs = Signature()
        for width in try widths(of: x) {
            outputs.append(try TensorSpec.checked(x.shape.extents.dropLast() + [width], x.dtype))
        }
        return LayerPlan(outputs: outputs, cost: LayerCost())
    }

    private func widths(of x: TensorSpec) throws(LayerError) -> [Int] {
        switch parts {
        case .equal(let count):
            guard count >= 1, x.shape.width.isMultiple(of: count) else {
                throw LayerError(expected: "a width that \(count) parts divide", got: x.words)
            }
            return Array(repeating: x.shape.width / count, count: count)
        case .widths(let widths):
            guard !widths.isEmpty, sum(widths) == x.shape.width else {
                let words = widths.map(String.init).joined(separator: " + ")
                throw LayerError(expected: "a width of \(words.isEmpty ? "some parts" : words)", got: x.words)
            }
            return widths
        }
    }

    /// The sum, or nil if it does not fit.
    private func sum(_ terms: [Int]) -> Int? {
        var result = 0
        for term in terms {
            let (next, overflow) = result.addingReportingOverflow(term)
            if overflow { return nil }
            result = next
        }
        return result
    }

    public func forward(_ frame: LayerFrame, on backend: any Backend) {
        var start = 0
        for y in frame.outputs {
            backend.extractColumns(frame.inputs[0], from: start, into: y)
            start += y.shape.width
        }
    }

    public func backwardInput(_ frame: LayerFrame, on backend: any Backend) {
        guard let dx = frame.inputGradients[0] else { return }
        var start = 0
        for dy in frame.outputGradients {
            backend.insertColumns(dy, into: dx, at: start)
            start += dy.shape.width
        }
    }

    public func backwardWeight(_ frame: LayerFrame, on backend: any Backend) {}
}

extension ValueSyntax<Split.Parts> {
    fileprivate static var parts: Self {
        let widths = ValueSyntax<[Int]>.extents(of: "widths")
        return Self(
            "2…\(Limit.extent), or a list of two widths or more",
            read: { field throws(ManifestError) in
                guard field.isList else { return .equal(try field.int(2...Limit.extent)) }
                let widths = try widths.read(field)
                guard widths.count >= 2 else {
                    throw field.error("split into one part", expected: "two widths or more")
                }
                return .widths(widths)
            },
            write: { parts in
                switch parts {
                case .equal(let count): "\(count)"
                case .widths(let widths): YAML.list(widths.map(String.init))
                }
            })
    }
}
