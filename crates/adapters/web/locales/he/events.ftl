# אירועים והרשמות.
events-past-title = אירועים שעברו
events-upcoming = אירועים קרובים
events-none = אין אירועים מתוכננים. צרו אירוע, ואז רשמו אליו לקוחות.
events-none-past = לא היו אירועים בתקופה הזאת.
events-earlier = אירועים מוקדמים יותר
events-span = מ־{ $from } עד { $to }
event-new = אירוע חדש
event-edit = עריכת אירוע
event-edit-title = עריכה: { $title }
event-back-to-list = לכל האירועים
event-title = שם האירוע
event-date = תאריך
event-time = שעה
event-when = מתי
event-location = מקום
event-capacity = מספר המקומות (ריק: ללא הגבלה)
event-capacity-small = { $count ->
    [one] לקוח אחד כבר רשום. אי אפשר להזין פחות מקומות מזה.
    [two] שני לקוחות כבר רשומים. אי אפשר להזין פחות מקומות מזה.
   *[other] { $count } לקוחות כבר רשומים. אי אפשר להזין פחות מקומות מזה.
}
event-price = מחיר
event-price-field = מחיר (לא חובה; 0: ללא תשלום)
event-costs = מחיר: { $price }
event-description = תיאור
event-taken = רשומים
event-places = { $taken } מתוך { $capacity } מקומות
event-registered = { $count ->
    [one] רשום אחד
    [two] שני רשומים
   *[other] { $count } רשומים
}
event-full = מלא
event-full-lead = כל המקומות תפוסים. אפשר להסיר הרשמה, או לערוך את האירוע ולהוסיף מקומות.
event-completed = הסתיים
event-cancelled = בוטל
event-changed = האירוע השתנה בינתיים (אולי מישהו נרשם), ודבר לא נשמר. בדקו את מה שהקלדתם: שמירה עכשיו תדרוס את השינוי שנעשה בינתיים.
event-changed-see = לפרטי האירוע המעודכנים
event-cancel = ביטול האירוע
event-cancel-ask = לבטל את ״{ $title }״?
event-cancel-lead = אי אפשר יהיה להירשם, והפעולה סופית. לא נשלחת שום הודעה: עדכנו את הרשומים בעצמכם.
event-cancel-do = ביטול האירוע לצמיתות
event-register = רישום לקוח
event-register-lead = לפי כתובת הדוא״ל של לקוח שכבר ברשימה.
event-register-email = דוא״ל של הלקוח
event-register-do = רישום
registrations-title = הרשמות
registrations-print = רשימה להדפסה
registrations-none = עדיין אין רשומים. רשמו את הלקוח הראשון כאן למטה.
registrations-none-closed = אין רשומים.
registration-when = מועד ההרשמה
registration-unknown = אין לקוח עם כתובת הדוא״ל הזאת.
registration-new-customer = הוספת לקוח עם הכתובת הזאת
registration-known = הלקוח כבר רשום לאירוע.
registration-full = כל המקומות תפוסים.
registration-closed = האירוע כבר לא פתוח להרשמה.
registration-remove = הסרת הרשמה
registration-remove-do = הסרה
registration-remove-ask = להסיר את { $name } מ״{ $title }״?
registration-remove-lead = המקום יתפנה. לא נשלחת שום הודעה.
print-hint = להדפסה, השתמשו בפקודת ההדפסה של הדפדפן.
print-arrived = הגיעו
