import Foundation
import Tensors

extension DoubleBackend {
    func activation(_ kind: Activation, _ x: Tensor, into y: Tensor) { write(read(x).map { f(kind, $0) }, to: y) }

    /// f′ by its formula.
    func activationBackward(_ kind: Activation, x: Tensor, dy: Tensor, into dx: Tensor) {
        write(zip(read(x), read(dy)).map { slope(kind, $0) * $1 }, to: dx)
    }

    func gate(_ kind: Activation, _ gate: Tensor, _ up: Tensor, into y: Tensor) {
        write(zip(read(gate), read(up)).map { f(kind, $0) * $1 }, to: y)
    }

    func gateBackward(_ kind: Activation, gate: Tensor, up: Tensor, dy: Tensor, dgate: Tensor, dup: Tensor) {
        let (g, u, d) = (read(gate), read(up), read(dy))
        write(d.indices.map { d[$0] * u[$0] * slope(kind, g[$0]) }, to: dgate)
        write(d.indices.map { d[$0] * f(kind, g[$0]) }, to: dup)
    }

    private func f(_ kind: Activation, _ x: Double) -> Double {
        switch kind {
        case .geluTanh: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .geluErf: x / 2 * (1 + erf(x / 2.0.squareRoot()))
        case .relu: max(x, 0)
        case .silu: x / (1 + exp(-x))
        case .tanh: tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        }
    }

    private func slope(_ kind: Activation, _ x: Double) -> Double {
        let sigmoid = 1 / (1 + exp(-x))
        switch kind {
        case .geluTanh:
            let c = (2 / Double.pi).squareRoot()
            let t = tanh(c * (x + 0.044715 * x * x * x))
            return (1 + t) / 2 + x / 2 * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
        case .geluErf:
            return (1 + erf(x / 2.0.squareRoot())) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
        case .relu: return x > 0 ? 1 : 0
        case .silu: return sigmoid * (1 + x * (1 - sigmoid))
        case .tanh: return 1 - tanh(x) * tanh(x)
        case .sigmoid: return sigmoid * (1 - sigmoid)
        }
    }

    func dropout(_ x: Tensor, into y: Tensor, probability: Float, key: RandomKey, rowsPerSample: Int) {
        let (from, to) = (slots(x), slots(y))
        let perSample = rowsPerSample * x.shape.width
        for i in from.indices {
            let sample = UInt64(key.sample) + UInt64(i / perSample)
            let seed = key.seed ^ (UInt64(key.step) << 48) ^ (UInt64(key.layer) << 32) ^ (sample << 16)
            var numbers = Numbers(seed &+ UInt64(i % perSample) &* 0xD1B5_4A32_D192_ED03)
            let drawn = Double.random(in: 0..<1, using: &numbers)
            to[i] = drawn < Double(probability) ? 0 : from[i] / (1 - Double(probability))
        }
    }

    func softcap(_ x: Tensor, cap: Float, into y: Tensor) {
        write(read(x).map { Double(cap) * tanh($0 / Double(cap)) }, to: y)
    }

    /// 1 / cosh² is the slope of tanh.
    func softcapBackward(_ dy: Tensor, x: Tensor, cap: Float, into dx: Tensor) {
        write(zip(read(x), read(dy)).map { $1 / pow(cosh($0 / Double(cap)), 2) }, to: dx)
    }

    func addScaled(_ x: Tensor, by factor: Float, to a: Tensor, into y: Tensor) {
        write(zip(read(a), read(x)).map { $0 + Double(factor) * $1 }, to: y)
    }

    func scale(_ x: Tensor, by factor: Float, into y: Tensor) { write(read(x).map { Double(factor) * $0 }, to: y) }
}
