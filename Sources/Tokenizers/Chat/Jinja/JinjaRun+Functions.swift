internal import Glibc
internal import Systems

/// Functions that every template has.
extension JinjaRun {
    static let functions = ["range", "namespace", "dict", "raise_exception", "strftime_now"]

    func function(_ name: String, _ call: Call) throws(JinjaProblem) -> JinjaValue {
        switch name {
        case "range": return try range(call)
        case "namespace", "dict":
            var members: [(String, JinjaValue)] = []
            if let given = call.positional.first {
                guard case .dictionary(let dictionary) = given else { throw value("a dictionary", given) }
                for (key, member) in zip(dictionary.keys, dictionary.values) {
                    members.append((String(decoding: try text(of: key), as: UTF8.self), member))
                }
            }
            members += call.named.map { ($0.name, $0.value) }
            guard members.allSatisfy({ $0.1.depth <= JinjaValue.depthLimit }) else {
                throw problem(.unsupported("a namespace in a namespace"))
            }
            if name == "dict" { return .dictionary(JinjaDictionary(members)) }
            return .namespace(JinjaNamespace(Dictionary(members) { $1 }))
        case "raise_exception":
            let message =
                try call.argument(0, "message").map { (value) throws(JinjaProblem) in try text(of: value) } ?? []
            throw problem(.raised(String(decoding: message, as: UTF8.self)))
        default: return try time(String(decoding: try textArgument(call), as: UTF8.self))
        }
    }

    private func range(_ call: Call) throws(JinjaProblem) -> JinjaValue {
        var numbers: [Int] = []
        for given in call.positional {
            guard let number = whole(given) else { throw value("whole numbers for range", given) }
            numbers.append(number)
        }
        let (start, stop, step): (Int, Int, Int)
        switch numbers.count {
        case 1: (start, stop, step) = (0, numbers[0], 1)
        case 2: (start, stop, step) = (numbers[0], numbers[1], 1)
        case 3: (start, stop, step) = (numbers[0], numbers[1], numbers[2])
        default: throw problem(.value(expected: "one to three numbers for range", got: "\(numbers.count)"))
        }
        guard step != 0 else { throw problem(.value(expected: "a step", got: "0")) }
        var items: [JinjaValue] = []
        for number in stride(from: start, to: stop, by: step) {
            guard items.count < 100_000 else { throw problem(.limit("a range of more than 100000 numbers")) }
            items.append(.int(number))
        }
        return try list(items)
    }

    private func time(_ format: String) throws(JinjaProblem) -> JinjaValue {
        guard format.utf8.count <= 256 else { throw problem(.limit("a date's format of \(format.utf8.count) bytes")) }
        var seconds = time_t(time)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return try string(buffer.prefix(count).map { UInt8(bitPattern: $0) })
    }
}
