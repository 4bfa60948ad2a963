module github.com/plywire/plywire

go 1.26

require (
	github.com/corentings/chess/v2 v2.6.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
)
