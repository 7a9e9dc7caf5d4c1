internal import Systems

/// One rendering of a template.
final class JinjaRun {
    private(set) var output: [UInt8] = []
    private var steps = 0
    private var made = 0
    private var depth = 0
    private(set) var line = 1
    /// When the template asks for the time: seconds since 1970.
    let time: Int

    private let limits: JinjaLimits

    init(time: Int, limits: JinjaLimits) {
        self.time = time
        self.limits = limits
    }

    // MARK: Limits and failures

    func problem(_ kind: JinjaProblem.Kind) -> JinjaProblem { JinjaProblem(line: line, kind: kind) }

    func value(_ expected: String, _ got: JinjaValue) -> JinjaProblem {
        if case .undefined(let name) = got {
            return problem(.value(expected: expected, got: "\(name.printable(limit: 80)), which is undefined"))
        }
        return problem(.value(expected: expected, got: got.type))
    }

    /// Accounts for bytes or items that come into being.
    func make(_ count: Int) throws(JinjaProblem) {
        let (sum, overflow) = made.addingReportingOverflow(count)
        guard !overflow, sum <= limits.made else {
            throw problem(.limit("more than \(limits.made) bytes of text"))
        }
        made = sum
    }

    /// A text, accounted for.
    func string(_ bytes: [UInt8]) throws(JinjaProblem) -> JinjaValue {
        try make(bytes.count)
        return .string(bytes)
    }

    func list(_ items: [JinjaValue], isTuple: Bool = false) throws(JinjaProblem) -> JinjaValue {
        try make(items.count * 16)
        let list = JinjaList(items, isTuple: isTuple)
        guard list.depth <= JinjaValue.depthLimit else {
            throw problem(.limit("lists that hold themselves, or too many levels"))
        }
        return .list(list)
    }

    /// Accounts for work: a step, or as many as it takes to look through so much text.
    func step(_ count: Int = 1) throws(JinjaProblem) {
        steps += min(count, limits.steps + 1)
        guard steps <= limits.steps else { throw problem(.limit("more than \(limits.steps) steps")) }
    }

    /// Accounts for looking through a text.
    func look(_ text: [UInt8]) throws(JinjaProblem) { try step(1 + text.count >> 7) }

    /// Accounts for asking what kind of character each is, which takes longer.
    func classify(_ text: [UInt8]) throws(JinjaProblem) { try step(1 + text.count >> 3) }

    /// A key that a dictionary is asked for: all of it is looked at.
    func key(_ value: JinjaValue) throws(JinjaProblem) -> JinjaValue {
        if case .string(let text) = value { try look(text) }
        return value
    }

    /// Runs something that may run its like.
    func deeper<Result>(_ work: () throws(JinjaProblem) -> Result) throws(JinjaProblem) -> Result {
        try step()
        depth += 1
        defer { depth -= 1 }
        guard depth <= JinjaLimits.depth else {
            throw problem(.limit("more than \(JinjaLimits.depth) levels of nesting"))
        }
        return try work()
    }

    // MARK: Statements

    /// How a part of a template ended.
    enum Flow { case onward, leaveLoop, nextRound }

    func run(_ nodes: [JinjaNode], _ scope: JinjaScope) throws(JinjaProblem) -> Flow {
        for node in nodes {
            line = node.line
            let flow = try deeper { () throws(JinjaProblem) in try run(node.statement, scope) }
            if flow != .onward { return flow }
        }
        return .onward
    }

    private func run(_ statement: JinjaStatement, _ scope: JinjaScope) throws(JinjaProblem) -> Flow {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try write(try text(of: try evaluate(expression, scope)))
        case .branches(let branches, let otherwise):
            for branch in branches where try evaluate(branch.condition, scope).isTrue {
                return try run(branch.body, scope)
            }
            return try run(otherwise, scope)
        case .loop(let loop): return try run(loop, scope)
        case .assignment(let targets, let expression): try assign(try evaluate(expression, scope), to: targets, scope)
        case .captured(let target, let links, let body):
            try assign(try filtered(try captured(body, scope), links, scope), to: [target], scope)
        case .filtered(let links, let body):
            try write(try text(of: try filtered(try captured(body, scope), links, scope)))
        case .macro(let macro): scope.values[macro.name] = .macro(JinjaMacro(macro, in: scope))
        case .block(let body): return try run(body, scope)
        case .leaveLoop: return .leaveLoop
        case .nextRound: return .nextRound
        }
        return .onward
    }

    private func write(_ text: [UInt8]) throws(JinjaProblem) {
        try make(text.count)
        output += text
    }

    private func filtered(
        _ value: JinjaValue, _ links: [JinjaExpression.Link], _ scope: JinjaScope
    ) throws(JinjaProblem) -> JinjaValue {
        var value = value
        for link in links { value = try follow(link, from: value, scope) }
        return value
    }

    /// What statements write, as a text.
    func captured(_ body: [JinjaNode], _ scope: JinjaScope) throws(JinjaProblem) -> JinjaValue {
        let outer = output
        output = []
        defer { output = outer }
        _ = try run(body, JinjaScope(parent: scope))
        return .string(output)
    }

    private func assign(
        _ value: JinjaValue, to targets: [JinjaStatement.Target], _ scope: JinjaScope
    ) throws(JinjaProblem) {
        guard targets.count > 1 else { return try assign(value, to: targets[0], scope) }
        for (target, item) in zip(targets, try unpack(value, into: targets.count)) {
            try assign(item, to: target, scope)
        }
    }

    private func assign(
        _ value: JinjaValue, to target: JinjaStatement.Target, _ scope: JinjaScope
    ) throws(JinjaProblem) {
        switch target {
        case .name(let name): scope.values[name] = value
        case .member(let owner, let name):
            guard case .namespace(let namespace) = scope.find(owner) else {
                throw self.value("a namespace", scope.find(owner) ?? .undefined(owner))
            }
            guard value.depth <= JinjaValue.depthLimit else {
                throw problem(.unsupported("a namespace in a namespace"))
            }
            namespace.members[name] = value
        }
    }

    private func unpack(_ value: JinjaValue, into count: Int) throws(JinjaProblem) -> [JinjaValue] {
        let items = try self.items(of: value)
        guard items.count == count else { throw problem(.value(expected: "\(count) values", got: "\(items.count)")) }
        return items
    }

    // MARK: Loops

    private func run(_ loop: JinjaStatement.Loop, _ scope: JinjaScope) throws(JinjaProblem) -> Flow {
        var rounds: [(value: JinjaValue, names: [String: JinjaValue])] = []
        for item in try items(of: try evaluate(loop.items, scope)) {
            try step()
            var names: [String: JinjaValue] = [:]
            let values = loop.targets.count == 1 ? [item] : try unpack(item, into: loop.targets.count)
            for (name, value) in zip(loop.targets, values) { names[name] = value }
            if let condition = loop.condition {
                let inner = JinjaScope(parent: scope)
                inner.values = names
                guard try evaluate(condition, inner).isTrue else { continue }
            }
            rounds.append((item, names))
        }
        guard !rounds.isEmpty else { return try run(loop.otherwise, JinjaScope(parent: scope)) }
        for (index, round) in rounds.enumerated() {
            let inner = JinjaScope(parent: scope)
            inner.values = round.names
            inner.values["loop"] = .loop(
                JinjaLoop(
                    index: index, count: rounds.count,
                    previous: index > 0 ? rounds[index - 1].value : nil,
                    next: index + 1 < rounds.count ? rounds[index + 1].value : nil))
            if try run(loop.body, inner) == .leaveLoop { break }
        }
        return .onward
    }

    // MARK: Macros

    func call(
        _ macro: JinjaMacro, _ positional: [JinjaValue], _ named: [(name: String, value: JinjaValue)]
    ) throws(JinjaProblem) -> JinjaValue {
        let definition = macro.definition
        guard let outer = macro.scope else { throw problem(.unsupported("a macro outside of where it is defined")) }
        guard positional.count <= definition.parameters.count else {
            throw problem(
                .value(expected: "at most \(definition.parameters.count) arguments", got: "\(positional.count)"))
        }
        let scope = JinjaScope(parent: outer)
        for (parameter, value) in zip(definition.parameters, positional) { scope.values[parameter.name] = value }
        for (name, value) in named {
            guard definition.parameters.contains(where: { $0.name == name }), scope.values[name] == nil else {
                throw problem(
                    .value(
                        expected: "the arguments of \(definition.name.printable(limit: 40))",
                        got: name.printable(limit: 40)))
            }
            scope.values[name] = value
        }
        for parameter in definition.parameters where scope.values[parameter.name] == nil {
            let standard = try parameter.standard.map { (value) throws(JinjaProblem) in try evaluate(value, scope) }
            scope.values[parameter.name] = standard ?? .undefined(parameter.name)
        }
        let line = line
        defer { self.line = line }
        return try deeper { () throws(JinjaProblem) in try captured(definition.body, scope) }
    }
}
