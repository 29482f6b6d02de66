package ccrmock

// AnsweredErrors returns the codes that the server itself answers, by the one
// table of errors.
func AnsweredErrors() map[string]int {
	codes := map[string]int{}
	for _, row := range errorTable {
		if row.when != "" {
			codes[row.code] = row.status
		}
	}
	return codes
}
