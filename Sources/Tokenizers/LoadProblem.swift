/// What keeps a tokenizer's file from being used, before its path is known.
enum LoadProblem: Error, Hashable {
    case malformed(place: String, expected: String, got: String)
    case unsupported(what: String, supported: String)

    func error(in path: String) -> TokenizerError {
        switch self {
        case .malformed(let place, let expected, let got):
            .malformed(path: path, place: place, expected: expected, got: got)
        case .unsupported(let what, let supported): .unsupported(path: path, what: what, supported: supported)
        }
    }
}
