import Foundation
import Optimizers
import Testing

/// Fixtures/optimizers.json, from the script beside it.
struct Fixture: Decodable {
    static let count = 19
    var rules: [Rule]
    var clips: [Clip]

    struct Rule: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var kind: String
        var settings: Settings
        var warm: Bool
        var after: [String: [Float]]
        var state: [String: [Float]]
        var testDescription: String { name }
    }

    struct Settings: Decodable, Sendable {
        var lr: Double?
        var betas: [Double]?
        var eps: Double?
        var weightDecay: Double?
        var momentum: Double?
        var dampening: Double?
        var nesterov: Bool?

        enum CodingKeys: String, CodingKey {
            case lr, betas, eps, momentum, dampening, nesterov
            case weightDecay = "weight_decay"
        }
    }

    struct Clip: Decodable, Sendable {
        var scale: Float
        var maximum: Double
        var norm: Double
        var clipped: [[Float]]
    }

    static func load() throws -> Fixture {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let json = try Data(contentsOf: path.appendingPathComponent("Fixtures/optimizers.json"))
        return try JSONDecoder().decode(Fixture.self, from: json)
    }
}

extension Fixture.Rule {
    func optimizer() throws -> any Optimizer {
        let s = settings
        let (rate, epsilon, betas) = (s.lr ?? 1e-3, s.eps ?? 1e-8, s.betas ?? [0.9, 0.999])
        return switch kind {
        case "adamw":
            try AdamW(
                learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon,
                weightDecay: s.weightDecay ?? 0.01)
        case "adam":
            try Adam(
                learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon,
                weightDecay: s.weightDecay ?? 0)
        default:
            try SGD(
                learningRate: rate, momentum: s.momentum ?? 0, dampening: s.dampening ?? 0,
                nesterov: s.nesterov ?? false, weightDecay: s.weightDecay ?? 0)
        }
    }
}
