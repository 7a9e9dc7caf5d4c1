import Foundation
import Runs

extension RunComparison {
    /// Two runs can be compared where they train the same model on tokens that cost the same.
    static func check(_ before: BubbleReport, _ after: BubbleReport) throws(RunError) {
        func refuse(_ reason: String) -> RunError {
            .notComparable(before: before.name, after: after.name, reason: reason)
        }
        let layers = (before.layerCount, after.layerCount)
        guard layers.0 == layers.1 else {
            throw refuse("they train different models, of \(layers.0) and \(layers.1) layers")
        }
        guard let first = before.flopsPerToken, let second = after.flopsPerToken else { return }
        guard (first - second).magnitude <= 1e-6 * max(first, second) else {
            let texts = [first, second].map { Format.flops($0).replacingOccurrences(of: "/s", with: "") }
            throw refuse(
                "a token costs \(texts[0]) in one and \(texts[1]) in the other: the models or sequences differ")
        }
    }

    static func differences(_ before: Side, _ after: Side) -> [String] {
        var notes: [String] = []
        func note<Value: Equatable>(_ what: String, _ first: Value, _ second: Value, _ text: (Value) -> String) {
            if first != second { notes.append("\(what): \(text(first)) before, \(text(second)) after") }
        }
        note("schedule", before.schedule, after.schedule) { $0 }
        note("stages", before.stages, after.stages) { "\($0)" }
        note("micro-batches", before.microBatches, after.microBatches) { "\($0)" }
        note("devices", before.devices, after.devices) { Self.short($0) }
        if let first = before.tokensPerStep, let second = after.tokensPerStep, first != second {
            note("tokens a step", first, second) { Format.grouped(Double($0)) }
            notes.append("the global batches differ: compare tokens/s, not step times")
        }
        return notes
    }

    /// `cpu:0, cpu:1, … (16 in all)`
    private static func short(_ devices: [String]) -> String {
        guard devices.count > 4 else { return devices.joined(separator: ", ") }
        return devices.prefix(2).joined(separator: ", ") + ", … (\(devices.count) in all)"
    }
}

extension BubbleReport {
    var layerCount: Int { Int(min(ranks.reduce(0) { $0 + $1.work.reduce(0) { $0 + $1.layers } }.rounded(), 1e15)) }
    /// nil where unknown.
    var flopsPerToken: Double? { flopsPerS > 0 && tokensPerS > 0 ? flopsPerS / tokensPerS : nil }
}
