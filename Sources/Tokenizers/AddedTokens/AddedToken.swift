/// A token that is found in a text before anything else is done with it.
struct AddedToken: Hashable, Sendable {
    var id: Int32
    var content: String
    /// Only where no part of a word stands beside it.
    var singleWord = false
    /// Takes the white space before it, behind it.
    var takesLeft = false
    var takesRight = false
    /// Found in the normalised text, and itself normalised.
    var isNormalized = false
    var isSpecial = true
}
