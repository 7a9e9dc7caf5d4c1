/// One key of a kind's settings: its name, its limits, its default, what it means, and the property that holds it.
///
///     .required("width", \.width, .extent, "channels of x")
///     .defaulted("bias", \.bias, .flag, "whether b is added")
public struct Setting<Owner: Sendable>: Sendable {
    let name: String
    let isRequired: Bool
    /// Reads what is written.
    let read: @Sendable (Field, inout Owner) throws(ManifestError) -> Void
    /// Sets what is not written, where that follows from other settings.
    let settle: @Sendable (inout Owner) -> Void
    /// Sets what the first value has, where the setting has no effect.
    let reset: @Sendable (inout Owner, Owner) -> Void
    /// nil: left out.
    let write: @Sendable (Owner) -> String?
    /// Why the value cannot be, if it cannot.
    let complaint: @Sendable (Owner) -> Complaint?
    let describe: @Sendable (Owner) -> SettingDescription
    /// When the setting has an effect; always where nil.
    let condition: Condition<Owner>?

    /// A key that must be written.
    public static func required<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSyntax<Value>,
        _ meaning: String, check: @escaping @Sendable (Owner) -> Complaint? = { _ in nil }
    ) -> Setting {
        Setting(name, path, value, meaning, isRequired: true, check: check)
    }

    /// A key that may be left out: the value is then what the kind's first value has.
    public static func defaulted<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSyntax<Value>,
        _ meaning: String, when condition: Condition<Owner>? = nil,
        check: @escaping @Sendable (Owner) -> Complaint? = { _ in nil }
    ) -> Setting {
        Setting(
            name, path, value, meaning, usual: { .some(value.write($0[keyPath: path])) }, when: condition, check: check)
    }

    /// A key that may be left out: the value then follows from settings that stand before it, as `words` says.
    public static func derived<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSyntax<Value>,
        from words: String, _ usual: @escaping @Sendable (Owner) -> Value, _ meaning: String
    ) -> Setting {
        Setting(name, path, value, meaning, usual: { _ in words }, settle: { $0[keyPath: path] = usual($0) })
    }

    /// A key that may be left out, and then stands for nothing.
    public static func optional<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value?> & Sendable, _ value: ValueSyntax<Value>,
        _ meaning: String, usual: String = "none", check: @escaping @Sendable (Owner) -> Complaint? = { _ in nil }
    ) -> Setting {
        let syntax = ValueSyntax<Value?>(
            value.words, expected: value.expected, accepts: { $0.map(value.accepts) ?? true },
            read: { field throws(ManifestError) in try value.read(field) }, write: { $0.map(value.write) ?? "none" })
        return Setting(
            name, path, syntax, meaning, usual: { _ in usual }, isWritten: { $0[keyPath: path] != nil }, check: check)
    }

    private init<Value>(
        _ name: String, _ path: any WritableKeyPath<Owner, Value> & Sendable, _ value: ValueSyntax<Value>,
        _ meaning: String, isRequired: Bool = false, usual: @escaping @Sendable (Owner) -> String? = { _ in nil },
        settle: @escaping @Sendable (inout Owner) -> Void = { _ in },
        isWritten: @escaping @Sendable (Owner) -> Bool = { _ in true }, when condition: Condition<Owner>? = nil,
        check: @escaping @Sendable (Owner) -> Complaint? = { _ in nil }
    ) {
        self.name = name
        self.isRequired = isRequired
        self.settle = settle
        self.condition = condition
        read = { field, owner throws(ManifestError) in
            owner[keyPath: path] = try value.read(field)
            guard let complaint = check(owner) else { return }
            throw field.error(
                "\(field.path) is \(field.node.summary)\(complaint.detail)", expected: complaint.expected,
                suggestion: complaint.suggestion)
        }
        reset = { owner, first in owner[keyPath: path] = first[keyPath: path] }
        write = { isWritten($0) && condition?.holds($0) ?? true ? value.write($0[keyPath: path]) : nil }
        complaint = { owner in
            let written = value.write(owner[keyPath: path])
            let isInside = value.accepts(owner[keyPath: path])
            guard var complaint = isInside ? check(owner) : Complaint("", expected: value.expected) else { return nil }
            (complaint.setting, complaint.value) = (name, written)
            return complaint
        }
        describe = {
            SettingDescription(name: name, values: value.words, usual: isRequired ? nil : usual($0), meaning: meaning)
        }
    }
}

/// When a setting has an effect: dampening, with momentum only.
public struct Condition<Owner: Sendable>: Sendable {
    let holds: @Sendable (Owner) -> Bool
    /// The setting that decides, and how an error ends where it does not hold: `without momentum`.
    let setting: String
    let words: String

    /// - Parameters:
    ///   - setting: the key that decides, whose place an error names.
    ///   - words: how an error goes on behind `has no effect`: `without momentum`.
    ///   - holds: whether the setting has an effect, once all settings are read.
    public init(on setting: String, otherwise words: String, holds: @escaping @Sendable (Owner) -> Bool) {
        self.setting = setting
        self.words = words
        self.holds = holds
    }
}

/// Why a value cannot be, though it lies in its own limits.
public struct Complaint: Sendable {
    /// What makes it wrong, behind `heads is 7`: `, and the width 64 is no multiple of it`.
    public var detail: String
    /// What would be right: `a divisor of the width`.
    public var expected: String
    /// The nearest value that would be right, as manifests write it.
    public var suggestion: String?
    /// The setting's name; filled in by the syntax that found it.
    public internal(set) var setting = ""
    /// The setting's value as manifests write it; filled in by the syntax that found it.
    public internal(set) var value = ""

    /// - Parameters:
    ///   - detail: what follows the value in the message; empty where the value alone is wrong.
    ///   - expected: what may stand there.
    ///   - suggestion: the nearest value that would be right, if there is one.
    public init(_ detail: String, expected: String, suggestion: String? = nil) {
        self.detail = detail
        self.expected = expected
        self.suggestion = suggestion
    }
}
