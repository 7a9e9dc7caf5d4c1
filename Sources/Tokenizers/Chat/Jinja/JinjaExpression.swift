/// What stands in a tag and has a value. Chains of one precedence are lists, so that depth means nesting alone.
indirect enum JinjaExpression {
    case literal(JinjaValue)
    case name(String)
    case list([JinjaExpression], isTuple: Bool)
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case not(JinjaExpression)
    case negative(JinjaExpression)
    case all([JinjaExpression])
    case any([JinjaExpression])
    case comparison(JinjaExpression, [(relation: Relation, with: JinjaExpression)])
    case sum(JinjaExpression, [(isMinus: Bool, JinjaExpression)])
    case joined([JinjaExpression])
    case product(JinjaExpression, [(sign: String, with: JinjaExpression)])
    case power(JinjaExpression, JinjaExpression)
    case choice(JinjaExpression, condition: JinjaExpression, otherwise: JinjaExpression?)
    case chain(JinjaExpression, [Link])

    enum Relation: String {
        case equal = "==", unequal = "!=", less = "<", lessEqual = "<=", more = ">", moreEqual = ">=", isIn = "in",
            isNotIn = "not in"
    }

    /// What follows a value.
    enum Link {
        case attribute(String)
        case item(JinjaExpression)
        case slice(JinjaExpression?, JinjaExpression?, JinjaExpression?)
        case call(Arguments)
        case filter(String, Arguments)
        case test(String, Arguments, isNegated: Bool)
    }

    struct Arguments {
        var positional: [JinjaExpression] = []
        var named: [(name: String, value: JinjaExpression)] = []
        /// `*list`: positional arguments out of a list.
        var rest: JinjaExpression?
    }
}

/// A part of a template, and the line that it begins in.
struct JinjaNode {
    var line: Int
    var statement: JinjaStatement
}

/// What a template is made of.
indirect enum JinjaStatement {
    case text([UInt8])
    case output(JinjaExpression)
    case branches([(condition: JinjaExpression, body: [JinjaNode])], otherwise: [JinjaNode])
    case loop(Loop)
    case assignment([Target], JinjaExpression)
    /// `{% set x %}…{% endset %}`.
    case captured(Target, [JinjaExpression.Link], [JinjaNode])
    case filtered([JinjaExpression.Link], [JinjaNode])
    case macro(Macro)
    case block([JinjaNode])
    case leaveLoop
    case nextRound

    /// What gets a value.
    enum Target {
        case name(String)
        case member(of: String, String)
    }

    struct Loop {
        var targets: [String]
        var items: JinjaExpression
        var condition: JinjaExpression?
        var body: [JinjaNode]
        var otherwise: [JinjaNode]
    }

    struct Macro {
        var name: String
        var parameters: [(name: String, standard: JinjaExpression?)]
        var body: [JinjaNode]
    }
}
