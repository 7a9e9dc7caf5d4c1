/// The same figures as in `line()`, as a row of `metrics.csv`.
extension StepMetrics {
    /// The first line: the keys of a step's line, and a column for each rank's memory. With its line end.
    package func csvHead(ranks: Int) -> String {
        let columns = values.flatMap { key, value in
            if case .list = value { (0..<ranks).map { "\(key)_\($0)" } } else { [key] }
        }
        return columns.joined(separator: ",") + "\n"
    }

    /// With its line end. What is not known is an empty cell; what is no number says which: `nan`, `inf`, `-inf`.
    package func csvRow(ranks: Int) -> String {
        let cells = values.flatMap { _, value in
            switch value {
            case .whole(let value): ["\(value)"]
            case .flag(let value): ["\(value)"]
            case .number(let value): [value.map { $0.isNaN ? "nan" : "\($0)" } ?? ""]
            case .list(let values): (0..<ranks).map { $0 < values.count ? "\(values[$0])" : "" }
            }
        }
        return cells.joined(separator: ",") + "\n"
    }
}
