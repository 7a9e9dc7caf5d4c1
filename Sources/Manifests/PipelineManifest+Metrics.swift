import Notation

extension PipelineManifest {
    /// A form in which each step's metrics are kept, beside `metrics.jsonl`. `metrics: [csv, tensorboard]`
    public enum MetricsForm: String, Hashable, Sendable, CaseIterable {
        /// `metrics.csv`: a row for each step.
        case csv
        /// `tensorboard/`: an event file that TensorBoard reads while the run goes on.
        case tensorboard
    }

    /// All unless written; `[]` is none.
    static func metrics(_ field: Field?) throws(ManifestError) -> [MetricsForm] {
        guard let field else { return MetricsForm.allCases }
        guard field.node.content != .list([]) else { return [] }
        let words = MetricsForm.allCases.map(\.rawValue)
        var forms: [MetricsForm] = []
        for entry in try field.list(of: "\(words.listed), or [] for none of them") {
            let form = try entry.choice(MetricsForm.self)
            guard !forms.contains(form) else {
                throw entry.error("\(form.rawValue) for the second time", expected: "it once")
            }
            forms.append(form)
        }
        return forms
    }
}
