import Foundation
import Layers
import Models
import Notation
import Tensors
import Testing

/// Frequencies against those that `make_attention.py` computes in PyTorch.
struct RotaryTests {
    struct Setting: Decodable, Sendable, CustomTestStringConvertible {
        let rotary: String
        let headWidth: Int
        let frequencies: [Float]
        let amplitude: Float

        enum CodingKeys: String, CodingKey {
            case rotary, frequencies, amplitude
            case headWidth = "head_width"
        }

        var testDescription: String { rotary }
    }

    static let settings: [Setting] = {
        let file = URL(filePath: Bundle.module.bundlePath + "/Fixtures/rotary.json")
        return (try? JSONDecoder().decode([Setting].self, from: Data(contentsOf: file))) ?? []
    }()

    @Test func `there are settings to try`() { #expect(Self.settings.count == 9) }

    /// PyTorch's own power is off by a unit in the last place now and then.
    @Test(arguments: settings) func `frequencies are PyTorch's to the last place`(_ setting: Setting) throws {
        let text = "attention: {width: \(setting.headWidth), heads: 1, rotary: \(setting.rotary)}"
        let model = try Sequential.decode(yaml: "layers:\n  - \(text)\nloss: cross-entropy", file: "m")
        let attention = try #require(model.layers.first?.layer as? Attention)
        let rotary = try #require(attention.rotary)
        let frequencies = rotary.frequencies(headWidth: setting.headWidth)
        #expect(frequencies.count == setting.frequencies.count)
        for (got, expected) in zip(frequencies, setting.frequencies) {
            #expect((got - expected).magnitude <= 2 * expected.ulp, "\(got), expected \(expected)")
        }
        #expect(rotary.amplitude == setting.amplitude)
    }

    @Test func `settings are the same however they are made`() throws {
        let text = """
            layers:
              - attention: {heads: 2, rotary: {base: 5e5, scaling: {yarn: {original: 64, factor: 4}}}, width: 24, head_width: 10}
            loss: cross-entropy
            """
        let rotary = Rotary(base: 5e5, scaling: .yarn(factor: 4, original: 64))
        let made = Attention(width: 24, heads: 2, headWidth: 10, rotary: rotary)
        let read = try #require(try Sequential.decode(yaml: text, file: "m").layers.first?.layer as? Attention)
        #expect(read == made)
        #expect(made.yaml.contains("scaling: {yarn: {factor: 4.0, original: 64, beta_fast: 32.0"))
    }

    @Test func `heads that it does not fit have no frequencies, and nothing traps`() {
        for width in [Int.min, -1, 0, 1, 1 << 30, .max] {
            #expect(Rotary(width: width == 1 ? nil : width).frequencies(headWidth: width).isEmpty)
        }
        #expect(Rotary(base: .nan, planes: .max).frequencies(headWidth: 8).count == 2)
    }
}
