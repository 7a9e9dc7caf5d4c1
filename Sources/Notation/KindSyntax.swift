/// Something that a manifest names by its kind: a layer, a loss, an optimizer.
///
///     struct Scale: Layer {
///         var factor = 1.0
///         static let syntax = KindSyntax("scale", "Multiplies by a number.", Scale(), [
///             .defaulted("factor", \.factor, .positive, "the number")
///         ])
///         …
///     }
public protocol ManifestKind: Hashable, Sendable {
    /// How manifests write this kind, and what they may write.
    static var syntax: KindSyntax<Self> { get }
}

extension ManifestKind {
    /// On one line, every default written out: `linear: {in: 64, out: 64, bias: true}`.
    public var yaml: String { Self.syntax.yaml(self) }

    /// The same as the value of a key, or as an entry in brackets: `relu`, `{linear: {…}}`.
    public var flowYAML: String {
        let yaml = yaml
        return yaml.contains(":") ? "{\(yaml)}" : yaml
    }

    /// The first setting that is out of its limits, if one is: for values that no manifest has checked.
    public var complaint: Complaint? { Self.syntax.complaint(self) }
}

/// How one kind is written: `kind`, `kind: value` or `kind: {settings}`.
///
/// It reads, checks, writes and documents, so that none of these says what another does not.
public struct KindSyntax<Kind: Sendable>: Sendable {
    /// As manifests write it: `layer-norm`.
    public let name: String
    /// What the documentation shows of this kind.
    public let description: KindDescription
    /// What stands for `kind` alone; nil where more must be written.
    let bare: Kind?
    /// Reads what stands behind the colon; nil where nothing may.
    let read: (@Sendable (Field) throws(ManifestError) -> Kind)?
    /// What stands behind the colon; nil where nothing does.
    let write: @Sendable (Kind) -> String?
    let complaint: @Sendable (Kind) -> Complaint?

    /// `kind` alone.
    public init(_ name: String, _ summary: String, _ kind: Kind) {
        self.init(
            KindDescription(name: name, settings: [], summary: summary, example: name), bare: kind, read: nil,
            write: { _ in nil }, complaint: { _ in nil })
    }

    /// `kind: value`
    /// - Parameters:
    ///   - name: the kind's, as manifests write it.
    ///   - summary: one sentence for the documentation.
    ///   - value: how the value is written, and its limits.
    ///   - meaning: what the value is, for the documentation.
    ///   - example: what an error shows where the value is missing.
    ///   - bare: what `kind` alone stands for, if anything.
    ///   - make: the kind with that value.
    ///   - get: the kind's value.
    public init<Value>(
        _ name: String, _ summary: String, _ value: ValueSyntax<Value>, _ meaning: String, example: String,
        bare: Kind? = nil, make: @escaping @Sendable (Value) -> Kind, get: @escaping @Sendable (Kind) -> Value
    ) {
        let setting = SettingDescription(
            name: nil, values: value.words, usual: bare.map { value.write(get($0)) }, meaning: meaning)
        self.init(
            KindDescription(name: name, settings: [setting], summary: summary, example: example), bare: bare,
            read: { field throws(ManifestError) in make(try value.read(field)) }, write: { value.write(get($0)) },
            complaint: { kind in
                guard !value.accepts(get(kind)) else { return nil }
                var complaint = Complaint("", expected: value.expected)
                (complaint.setting, complaint.value) = (name, value.write(get(kind)))
                return complaint
            })
    }

    /// `kind: {settings}`, or `kind` alone where no setting is required.
    /// - Parameters:
    ///   - name: the kind's, as manifests write it.
    ///   - summary: one sentence for the documentation.
    ///   - first: a value with every default, and for required settings what an error shows as an example.
    ///   - settings: in the order in which errors and the documentation list them.
    public init(_ name: String, _ summary: String, _ first: Kind, _ settings: [Setting<Kind>]) {
        let required = settings.filter(\.isRequired)
        let values = required.map { "\($0.name): \($0.write(first) ?? "")" }.joined(separator: ", ")
        let description = KindDescription(
            name: name, settings: settings.map { $0.describe(first) }, summary: summary,
            example: "\(name): {\(values)}")
        self.init(
            description, bare: required.isEmpty ? first : nil,
            read: { field throws(ManifestError) in try Self.read(field, first, settings) },
            write: { kind in
                let written = settings.compactMap { setting in setting.write(kind).map { "\(setting.name): \($0)" } }
                return "{\(written.joined(separator: ", "))}"
            },
            complaint: { kind in settings.lazy.compactMap { $0.complaint(kind) }.first })
    }

    private init(
        _ description: KindDescription, bare: Kind?, read: (@Sendable (Field) throws(ManifestError) -> Kind)?,
        write: @escaping @Sendable (Kind) -> String?, complaint: @escaping @Sendable (Kind) -> Complaint?
    ) {
        name = description.name
        self.description = description
        self.bare = bare
        self.read = read
        self.write = write
        self.complaint = complaint
    }

    func yaml(_ kind: Kind) -> String { write(kind).map { "\(name): \($0)" } ?? name }

    /// Reads `kind` (`value` nil) or `kind: value`; `name` is where the kind's name stands.
    package func kind(_ name: Field, _ value: Field?) throws(ManifestError) -> Kind {
        switch (value, read, bare) {
        case (let value?, let read?, _): return try read(value)
        case (let value?, nil, _): throw value.error(expected: "\(self.name) without a value")
        case (nil, _, let bare?): return bare
        case (nil, _, nil): throw name.error("\(self.name) without a value", expected: description.example)
        }
    }

    private static func read(_ field: Field, _ first: Kind, _ settings: [Setting<Kind>]) throws(ManifestError) -> Kind {
        let required = settings.filter(\.isRequired).map(\.name)
        let fields = try Fields(field, keys: settings.map(\.name), required: required)
        var kind = first
        for setting in settings {
            if let field = fields[setting.name] { try setting.read(field, &kind) } else { setting.settle(&kind) }
        }
        try settle(&kind, first, settings, fields)
        return kind
    }

    /// Refuses settings that would change nothing, and takes back those that an override left without effect.
    private static func settle(
        _ kind: inout Kind, _ first: Kind, _ settings: [Setting<Kind>], _ fields: Fields
    ) throws(ManifestError) {
        let read = kind
        let idle = settings.filter { $0.condition?.holds(read) == false }
        guard let condition = idle.first?.condition else { return }
        let effective = settings.map(\.name).filter { name in !idle.contains { $0.name == name } }
        try fields.refuseInert(
            butFor: effective, because: condition.words, cause: fields[condition.setting]?.node.mark)
        for setting in idle { setting.reset(&kind, first) }
    }
}

/// A kind as the documentation shows it.
public struct KindDescription: Sendable, Hashable {
    /// As manifests write it: `layer-norm`.
    public var name: String
    /// In the order in which manifests are written; empty where the kind stands alone.
    public var settings: [SettingDescription]
    /// One sentence: what the kind does.
    public var summary: String
    /// The shortest valid form.
    public var example: String

    /// The settings' names.
    public var keys: [String] { settings.compactMap(\.name) }

    /// A row of a Markdown table: name, settings, summary.
    public var row: String {
        let settings = settings.isEmpty ? "none" : settings.map(\.text).joined(separator: "<br>")
        return "| `\(name)` | \(settings) | \(summary) |"
    }
}

/// One setting as the documentation shows it.
public struct SettingDescription: Sendable, Hashable {
    /// nil: the value of the kind itself, `dropout: 0.1`.
    public var name: String?
    /// Which values are allowed.
    public var values: String
    /// The default; nil where there is none.
    public var usual: String?
    /// What the value decides: `channels of x`.
    public var meaning: String

    /// In Markdown, as in: bias (true): true, false; whether b is added.
    public var text: String { "\(head): \(values); \(meaning)" }

    /// Name and default.
    var head: String {
        // As somebody would write it: 1e-5 and 0, not 1e-05 and 0.0.
        let short = usual.map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0.replacing("e-0", with: "e-") }
        return (name.map { "`\($0)`" } ?? "the value") + (short.map { " (\($0))" } ?? "")
    }
}
