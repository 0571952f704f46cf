// Copyright (c) The terraform-provider-dbxidentity authors
// SPDX-License-Identifier: MPL-2.0

package events

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/account/api"
	"github.com/dbxidentity/terraform-provider-dbxidentity/internal/audit/events"
)

// columnsQuery asks which columns there are, and of which types: fields of structs are
// spelled in two ways.
const columnsQuery = "SELECT column_name, full_data_type FROM system.information_schema.columns " +
	"WHERE table_catalog = 'system' AND table_schema = 'access' AND table_name = 'audit'"

// neededColumns are those that are read as they are.
var neededColumns = []string{"event_date", "event_time", "audit_level", "workspace_id", "service_name", "action_name", "user_agent", "user_identity", "request_params", "response"}

// fieldName is a field of a struct in its type: "struct<status_code:int,..>".
var fieldName = regexp.MustCompile("[<,]\\s*`?([a-z0-9_]+)`?\\s*:")

// table is what is known of the columns: types by name, in lower case.
type table map[string]string

// field is a column's field under the first of its spellings that there is. A type that
// is not known has the first.
func (t table) field(column string, spellings ...string) (string, error) {
	fields := fieldName.FindAllStringSubmatch(t[column], -1)
	if len(fields) == 0 {
		return column + "." + spellings[0], nil
	}
	for _, s := range spellings {
		for _, f := range fields {
			if f[1] == strings.ToLower(s) {
				return column + "." + s, nil
			}
		}
	}
	return "", &MissingColumnError{column + "." + spellings[0]}
}

// param is an entry of request_params, which is a map or a struct, with keys in
// camelCase or in snake_case; NULL where a struct has no such field.
func (t table) param(camel string) string {
	snake := snakeCase(camel)
	if strings.HasPrefix(t["request_params"], "struct") {
		field, err := t.field("request_params", camel, snake)
		if err != nil {
			return "CAST(NULL AS STRING)"
		}
		return field
	}
	if snake == camel {
		return "request_params['" + camel + "']"
	}
	return "coalesce(request_params['" + camel + "'], request_params['" + snake + "'])"
}

func snakeCase(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// changeActions are those of identities; what came by AIM or SCIM is one in any case.
const changeActions = "'add', 'delete', 'activateUser', 'deactivateUser', 'updateUser', 'addPrincipalToGroup', 'removePrincipalFromGroup', " +
	"'createGroup', 'removeGroup', 'deleteGroup', 'updateGroup', 'setAdmin', 'removeAdmin', 'setAccountAdmin', 'removeAccountAdmin'"

// compose makes the one statement: what the table calls its parts, then what kind of
// event a row is, then only what is told apart of that kind, counted. So the result does
// not grow with the number of logins and synchronizations.
func compose(cells [][]*string, most int) (string, error) {
	t := table{}
	for _, row := range cells {
		if len(row) != 2 || row[0] == nil {
			return "", errors.New("the list of the columns of system.access.audit has a row whose columns are not those that were asked for")
		}
		kind := ""
		if row[1] != nil {
			kind = strings.ToLower(*row[1])
		}
		t[strings.ToLower(*row[0])] = kind
	}
	for _, name := range neededColumns {
		if _, ok := t[name]; !ok {
			return "", &MissingColumnError{name}
		}
	}
	status, err := t.field("response", "status_code", "statusCode")
	if err != nil {
		return "", err
	}
	message, err := t.field("response", "error_message", "errorMessage")
	if err != nil {
		return "", err
	}
	var actors []string
	for _, spelling := range [][]string{{"email"}, {"subject_name", "subjectName"}} {
		if field, err := t.field("user_identity", spelling...); err == nil {
			actors = append(actors, field)
		}
	}
	if len(actors) == 0 {
		return "", &MissingColumnError{"user_identity.email"}
	}
	cut := "CAST(NULL AS STRING)"
	if !strings.HasPrefix(t["request_params"], "struct") {
		cut = "request_params['TRUNCATED']"
	}
	named := "SELECT event_date AS event_day, event_time AS happened, audit_level AS level, CAST(workspace_id AS STRING) AS workspace, service_name AS service, action_name AS action, " +
		"coalesce(" + strings.Join(actors, ", ") + ") AS actor, user_agent AS agent, " + t.param("endpoint") + " AS endpoint, " +
		t.param("targetUserId") + " AS user_id, " + t.param("targetUserName") + " AS user_name, " +
		t.param("targetGroupId") + " AS group_id, " + t.param("targetGroupName") + " AS group_name, " +
		t.param("targetServicePrincipalName") + " AS service_principal, " + cut + " AS cut, " +
		"CAST(" + status + " AS STRING) AS status, " + message + " AS error_text FROM system.access.audit " +
		// The partition column always, and the time for the rest.
		"WHERE event_date >= :from_date AND event_date <= :to_date AND event_time >= :from_time AND event_time < :to_time " +
		"AND (:activity = 'true' OR service_name IN ('accounts', 'aimControlPolicy'))"
	sorted := "SELECT *, CASE WHEN service = 'aimControlPolicy' THEN 'policy' " +
		"WHEN service = 'accounts' AND (lower(endpoint) IN ('autousercreation', 'scim') OR action IN (" + changeActions + ") OR lower(action) LIKE '%serviceprincipal%') THEN 'change' " +
		"ELSE 'activity' END AS kind, " +
		"CASE WHEN service = 'accounts' AND lower(endpoint) = 'autousercreation' THEN 'true' ELSE 'false' END AS aim FROM (" + named + ") AS named"
	only := func(when string, columns ...string) string {
		var b strings.Builder
		for _, c := range columns {
			fmt.Fprintf(&b, "CASE WHEN %s THEN %s END AS %s, ", when, c, c)
		}
		return b.String()
	}
	const target = "kind = 'change' AND (aim = 'false' OR action IN ('add', 'createGroup') OR lower(action) LIKE '%serviceprincipal%')"
	collapsed := "SELECT kind, happened, " + only("aim = 'true'", "event_day") + only("kind = 'change'", "level", "workspace", "endpoint", "cut") +
		only("kind <> 'activity'", "action", "error_text") + only("aim = 'false'", "actor") + only("kind <> 'activity' AND aim = 'false'", "agent") +
		only(target, "user_id", "user_name", "group_id", "group_name", "service_principal") +
		// Of activity it only matters whether it succeeded.
		"CASE WHEN kind <> 'activity' THEN status WHEN status >= '400' OR (status IS NULL AND error_text IS NOT NULL) THEN '400' END AS status FROM (" + sorted + ") AS sorted"
	const keys = "kind, event_day, level, workspace, action, actor, agent, endpoint, user_id, user_name, group_id, group_name, service_principal, status, error_text, cut"
	return "SELECT " + keys + ", count(*) AS n, unix_millis(min(happened)) AS first_ms, unix_millis(max(happened)) AS last_ms FROM (" + collapsed + ") AS collapsed GROUP BY " + keys +
		" ORDER BY kind DESC, last_ms DESC, action, actor, user_id, group_id LIMIT " + strconv.Itoa(most+1), nil
}

// farAway is after every event; a parameter cannot be left out.
var farAway = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (r Request) parameters() []api.Parameter {
	until := r.Until
	if until.IsZero() {
		until = farAway
	}
	const millis = "2006-01-02T15:04:05.000Z"
	return []api.Parameter{
		{Name: "from_date", Value: r.Since.UTC().Format(time.DateOnly), Type: "DATE"},
		{Name: "to_date", Value: until.UTC().Format(time.DateOnly), Type: "DATE"},
		{Name: "from_time", Value: r.Since.UTC().Format(millis), Type: "TIMESTAMP"},
		{Name: "to_time", Value: until.UTC().Format(millis), Type: "TIMESTAMP"},
		{Name: "activity", Value: strconv.FormatBool(r.Activity), Type: "STRING"},
	}
}

const rowCells = 19

func parse(cells [][]*string) ([]events.Row, error) {
	out := make([]events.Row, 0, len(cells))
	for _, row := range cells {
		if len(row) != rowCells {
			return nil, fmt.Errorf("the answer of the query on system.access.audit has a row with %d cells, %d were asked for", len(row), rowCells)
		}
		text := func(i int) string {
			if row[i] == nil {
				return ""
			}
			return *row[i]
		}
		r := events.Row{
			Kind: text(0), Day: text(1), Level: text(2), Workspace: text(3), Action: text(4), Actor: text(5), Agent: text(6), Endpoint: text(7),
			UserID: text(8), UserName: text(9), GroupID: text(10), GroupName: text(11), ServicePrincipal: text(12), Status: text(13), Error: text(14), Cut: row[15] != nil,
		}
		n, err1 := strconv.Atoi(text(16))
		first, err2 := strconv.ParseInt(text(17), 10, 64)
		last, err3 := strconv.ParseInt(text(18), 10, 64)
		if err := errors.Join(err1, err2, err3); err != nil || n < 1 || first > last {
			return nil, errors.New("the answer of the query on system.access.audit has a row whose count or times cannot be understood")
		}
		r.Count, r.First, r.Last = n, time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
		out = append(out, r)
	}
	return out, nil
}
