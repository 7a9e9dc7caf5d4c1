/// A step as an SVG: a lane a rank, a block an instruction; or, where they would be too many, lanes of cells.
struct TimelineDrawing {
    private let step: MedianStep
    private let scale: TimelineScale
    /// Blocks that are drawn one by one, and cells of a lane where they are not.
    private static let blockLimit = 3_000
    private static let cellCount = 1_200
    /// Micro-batches are numbered where there are no more blocks than this.
    private static let numberedLimit = 400

    init(_ step: MedianStep, _ scale: TimelineScale) {
        self.step = step
        self.scale = scale
    }

    private var height: Int { step.lanes.count * scale.laneHeight }
    private var inset: Int { scale.laneHeight >= 12 ? 2 : 1 }

    func svg(path: CriticalPath?) -> String {
        let isDetailed = step.spanCount <= Self.blockLimit
        let lanes = step.lanes.enumerated().map { rank, lane in
            let content = isDetailed ? blocks(lane) : cells(lane)
            return "<g data-r=\(rank) transform=\"translate(0,\(rank * scale.laneHeight + inset))\">\(content)</g>"
        }
        let end = scale.x(step.lengthMs)
        return """
            <svg viewBox="0 0 \(Int(TimelineScale.width)) \(height)" preserveAspectRatio="none" height="\(height)" \
            role="img" aria-label="step \(step.step), a lane for each rank">
            \(lanes.joined(separator: "\n"))
            <line class="end" x1="\(end)" x2="\(end)" y1="0" y2="\(height)" />\(path.map(line) ?? "")</svg>
            """
    }

    // MARK: Blocks

    private func visible(_ lane: MedianStep.Lane) -> [MedianStep.Span] {
        lane.work.filter { $0.endMs > 0 && $0.startMs < step.lengthMs }
    }

    private func blocks(_ lane: MedianStep.Lane) -> String {
        visible(lane).map { span in
            let (from, to) = (scale.x(span.startMs), scale.x(min(span.endMs, step.lengthMs)))
            let pale = span.step == step.step ? "" : " pale"
            let number = span.microBatch.map { " data-m=\($0)" } ?? ""
            let stage = span.stage.map { " data-s=\($0)" } ?? ""
            return "<rect class=\"\(span.category.cssClass)\(pale)\" x=\(from) width=\(max(1, to - from))"
                + " height=\(scale.laneHeight - 2 * inset)\(stage)\(number) />"
        }.joined()
    }

    /// The micro-batches' numbers, on blocks that have room for them.
    var numbers: String {
        guard step.spanCount <= Self.numberedLimit, scale.laneHeight >= 18 else { return "" }
        let numbers = step.lanes.enumerated().flatMap { rank, lane in
            visible(lane).compactMap { span -> String? in
                let (from, to) = (max(0, span.startMs), min(span.endMs, step.lengthMs))
                guard let number = span.microBatch, (to - from) / scale.lengthMs > 0.016 else { return nil }
                let left = Html.length(from / scale.lengthMs)
                let width = Html.length((to - from) / scale.lengthMs)
                return "<i style=\"left:\(left);width:\(width);top:\(rank * scale.laneHeight)px\">\(number)</i>"
            }
        }
        return "<div class=\"numbers\" aria-hidden=\"true\">\(numbers.joined())</div>"
    }

    // MARK: Cells

    /// One path for each kind of work: a stroke for each run of cells that show it.
    private func cells(_ lane: MedianStep.Lane) -> String {
        let count = max(1, Int(Double(Self.cellCount) * step.lengthMs / scale.lengthMs))
        let cells = LaneCells(lane, lengthMs: step.lengthMs, count: count).cells
        var paths: [Category: String] = [:]
        var first = 0
        while first < cells.count {
            var end = first + 1
            while end < cells.count, cells[end] == cells[first] { end += 1 }
            if let category = cells[first] { paths[category, default: ""] += "M\(first) 0h\(end - first)" }
            first = end
        }
        let thickness = scale.laneHeight - 2 * inset
        let stretch = TimelineScale.width * step.lengthMs / scale.lengthMs / Double(count)
        let drawn = paths.sorted { $0.key.index < $1.key.index }.map {
            "<path class=\"\($0.key.cssClass)\" d=\"\($0.value)\" />"
        }
        return "<g class=\"cells\" stroke-width=\"\(thickness)\" transform=\"translate(0,\(Double(thickness) / 2)) "
            + "scale(\(Format.fixed(stretch, 4)),1)\">\(drawn.joined())</g>"
    }

    // MARK: Critical path

    /// Along the lanes of the working ranks, below the numbers; slanted where a message travels.
    private func line(_ path: CriticalPath) -> String {
        var points: [String] = []
        for segment in path.segments where segment.rank < step.lanes.count {
            let y = segment.rank * scale.laneHeight + scale.laneHeight * 4 / 5
            if segment.category != .transfer { points.append("\(scale.x(segment.startMs)),\(y)") }
            points.append("\(scale.x(segment.endMs)),\(y)")
        }
        let list = Self.withoutMiddles(points).joined(separator: " ")
        return "<polyline class=\"path halo\" points=\"\(list)\" /><polyline class=\"path\" points=\"\(list)\" />"
    }

    /// Of points in a row on one lane, only the first and the last.
    private static func withoutMiddles(_ points: [String]) -> [String] {
        let lanes = points.map { $0.split(separator: ",").last }
        return points.indices.filter { index in
            guard index > 0, index + 1 < points.count else { return true }
            return lanes[index - 1] != lanes[index] || lanes[index + 1] != lanes[index]
        }.map { points[$0] }
    }
}
