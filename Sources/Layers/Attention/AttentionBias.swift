import Notation

/// Which of attention's projections add a learnt bias.
///
///     Attention(width: 64, heads: 4, bias: .qkv)      // or true, false
public enum AttentionBias: Hashable, Sendable, CaseIterable, ExpressibleByBooleanLiteral {
    /// Both: q, k and v, and the output.
    case all
    /// Neither.
    case none
    /// That of q, k and v alone.
    case qkv

    /// All or none.
    public init(booleanLiteral value: Bool) { self = value ? .all : .none }
}

extension ValueSyntax<AttentionBias> {
    static var attentionBias: Self {
        Self(
            "`true`, `false`, `qkv`", expected: "true, false or qkv",
            read: { field throws(ManifestError) in
                if field.plain == "qkv" { return .qkv }
                do throws(ManifestError) {
                    return try field.bool() ? .all : .none
                } catch {
                    throw field.error(expected: "true, false or qkv", suggestion: error.suggestion)
                }
            },
            write: { bias in
                switch bias {
                case .all: "true"
                case .none: "false"
                case .qkv: "qkv"
                }
            })
    }
}
