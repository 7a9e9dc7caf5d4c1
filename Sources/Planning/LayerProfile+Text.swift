import Foundation

extension LayerProfile {
    /// For a terminal.
    public func text() -> String {
        var table = TextTable([
            ("#", .right), ("layer", .left), ("F ms", .right), ("I ms", .right), ("W ms", .right), ("total", .right),
            ("GFLOP/s", .right), ("of peak", .right), ("parameters", .right), ("kept", .right), ("output", .right),
        ])
        for line in layers {
            table.add(
                [line.name, line.kind] + numbers(line)
                    + [line.parameters.grouped, line.keptBytes.bytesText, line.outputBytes.bytesText])
        }
        let seconds = layers.reduce(0) { $0 + $1.seconds }
        let rate = layers.reduce(0) { $0 + $1.flops } / seconds
        let place = devices.count == 1 ? devices[0] : "each of \(devices.joined(separator: ", ")) at once"
        return
            ([
                "One micro-batch on \(place) in \(precision); "
                    + String(format: "GEMM peak %.1f GFLOP/s at the model's shapes", peak / 1e9)
            ] + table.lines() + [
                String(
                    format: "All layers: %.1f ms, %.1f GFLOP/s, %@ of peak; half of the rounds within %@",
                    seconds * 1e3, rate / 1e9, (rate / peak).percentText, spread.percentText)
            ] + rest).joined(separator: "\n")
    }

    private var rest: [String] {
        let update = layers.reduce(0) { $0 + $1.update }
        let split = layers.reduce(0) { $0 + $1.inputApart + $1.weightApart }
        var lines = [
            String(
                format: "Backward halves apart: %.1f ms; update of all parameters: %.1f ms; barrier: %.2f ms",
                split * 1e3, update * 1e3, barrier * 1e3)
        ]
        if let link {
            lines.append(
                String(
                    format: "Link between two devices: %.3f ms and %.2f GB/s", link.latency * 1e3,
                    link.bytesPerSecond / 1e9))
        }
        if spread > Self.largeSpread {
            lines.append("The machine was not quiet: what is predicted from these times may be off by as much.")
        }
        return lines
    }

    private func numbers(_ line: Line) -> [String] {
        let milliseconds = [line.forward, line.backwardInput, line.backwardWeight, line.seconds].map {
            String(format: "%.2f", $0 * 1e3)
        }
        let rate = line.flops / line.seconds
        return milliseconds + [String(format: "%.1f", rate / 1e9), (rate / peak).percentText]
    }
}
